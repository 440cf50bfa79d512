/** Results as people read them: lines of a terminal, and the README's table. */
import { byteSize, grouped } from "../../src/cli/wording.ts"
import type { Bar, Measure, Unit } from "./comparison.ts"
import { isBusy } from "./load.ts"
import { holds, mean, median } from "./pairs.ts"
import type { Machine, Results, Row } from "./results.ts"

/** A number with its unit: `33,720 tokens/s`, `4.69 MB/s`, `39.9 s`, `3.76 GB`, `1.878`. */
export function shownNumber(value: number, unit: Unit): string {
  if (unit === "bytes") return byteSize(value)
  if (unit === "share") return `${(100 * value).toFixed(0)} %`
  if (unit === "nats") return value.toFixed(3)
  const number = Math.abs(value) >= 1000 ? grouped(value) : String(Number(value.toPrecision(3)))
  return unit === "times" ? `${number}×` : `${number} ${unit}`
}

/** The number that a bar is set for: `2.31×`, `0.62 of it`, or one of ours with its unit. */
function shownMeasure(value: number, measure: Measure, unit: Unit): string {
  if (measure === "value") return shownNumber(value, unit)
  return `${value.toFixed(2)}${measure === "speedup" ? "×" : " of it"}`
}

function shownBar(bar: Bar, measure: Measure, unit: Unit): string {
  const [sign, limit] = "atLeast" in bar ? ["≥", bar.atLeast] : ["≤", bar.atMost]
  if (measure !== "value") return `${sign} ${limit}${measure === "speedup" ? "×" : " of it"}`
  return `${sign} ${shownNumber(limit, unit)}`
}

/** Whether a row keeps its promise, or only tells: without AMX, and beside other programs, it claims nothing. */
export function verdict(row: Row, { amx }: Pick<Machine, "amx">): string {
  const { bar, summary, isSameEverywhere = false, othersLoad } = row
  if (!summary) return "not compared"
  if (bar && !isSameEverywhere && isBusy(othersLoad)) return "reported, beside other programs"
  if (!bar || !(amx || isSameEverywhere)) return "reported"
  return holds(bar, summary.value) ? "holds" : "falls short"
}

interface Cells {
  readonly ours: string
  readonly theirs: string
  readonly measured: string
  readonly bar: string
}

function cells({ unit, measure, average = "median", bar, ours, theirs, summary }: Row): Cells {
  const one = (values: readonly number[]) =>
    values.length === 0 ? "–" : shownNumber((average === "mean" ? mean : median)(values), unit)
  const spread = summary && `${range(summary.lowest, summary.highest, measure, unit)}`
  return {
    ours: one(ours),
    theirs: one(theirs),
    measured: summary ? `${shownMeasure(summary.value, measure, unit)}${spread}` : "–",
    bar: bar ? shownBar(bar, measure, unit) : "–",
  }
}

/** The spread of the pairs; nothing where all are alike. */
function range(lowest: number, highest: number, measure: Measure, unit: Unit): string {
  const [low, high] = [lowest, highest].map((value) => shownMeasure(value, measure, unit))
  return low === high
    ? ""
    : ` (${measure === "value" ? `${low} – ${high}` : `${lowest.toFixed(2)}–${highest.toFixed(2)}`})`
}

/** One line of the terminal. */
export function rowLine(row: Row, machine: Pick<Machine, "amx">): string {
  const { ours, theirs, measured, bar } = cells(row)
  const head = row.name.padEnd(46)
  if (!row.summary) return `${head} ${ours === "–" ? "" : `${ours}; `}${row.note ?? "not compared"}`
  const against = theirs === "–" ? ours : `${ours} against ${theirs}`
  return `${head} ${against.padEnd(38)} ${measured.padEnd(20)} bar ${bar.padEnd(10)} ${verdict(row, machine)}${row.note ? ` (${row.note})` : ""}`
}

/** The README's block: where, when and how, then a row a figure. */
export function performanceBlock(results: Results | undefined): string {
  if (!results)
    return "Nothing was measured yet: `npm run bench:peers` measures, `npm run generate` writes the table here."
  const { machine, measured, rows } = results
  const peers = [...new Set(rows.flatMap(({ peer }) => peer ?? []))].sort()
  const claims = machine.amx ? "" : " Without AMX ratios are reported and claim nothing."
  const lines = rows.map((row) => {
    const { ours, theirs, measured, bar } = cells(row)
    const what = row.summary ? measured : (row.note ?? measured)
    return `| ${row.name} | ${ours} | ${theirs} | ${what} | ${bar} | ${verdict(row, machine)} |`
  })
  const notes = rows.flatMap(({ name, note, summary }) => (note && summary ? [`- ${name}: ${note}`] : []))
  return [
    `Measured on ${measured.slice(0, 10)}: ${machine.processor}, ${machine.cores} cores, ` +
      `${machine.amx ? "with" : "without"} AMX.${claims}`,
    `Glossa and peer took turns; a ratio is the median of the pairs (with the lowest and the highest).` +
      (peers.length > 0 ? ` Peers: ${peers.join(", ")}.` : ""),
    "",
    "| work | Glossa | peer | measured | bar | |",
    "|---|---|---|---|---|---|",
    ...lines,
    ...(notes.length > 0 ? ["", ...notes] : []),
  ].join("\n")
}
