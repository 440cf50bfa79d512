/** Quantities and findings in words, the same in every form of the report. */
import type { RunReport } from "./run-report.ts"

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })

/** 12345.6 → "12,346". */
export function wholeNumber(value: number): string {
  return grouped.format(value)
}

/** Three significant digits with a word for the thousands: 5123456 → "5.12 million". */
export function roundNumber(value: number): string {
  for (const [size, word] of [
    [1e12, "trillion"],
    [1e9, "billion"],
    [1e6, "million"],
  ] as const) {
    if (value >= size * 0.9995) return `${threeDigits(value / size)} ${word}`
  }
  return wholeNumber(value)
}

/** 10800000 → "10.8 MB" (powers of 1,000). */
export function byteCount(bytes: number): string {
  for (const [size, unit] of [
    [1e12, "TB"],
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ] as const) {
    if (bytes >= size * 0.9995) return `${threeDigits(bytes / size)} ${unit}`
  }
  return plural(bytes, "byte")
}

/** 276.4 → "4 min 36 s"; 7.31 → "7.3 s". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** Bits per byte to three decimals. */
export function bitsFigure(bits: number): string {
  return bits.toFixed(3)
}

/** 0.4312 → "43 %". */
export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.095 ? 1 : 0)} %`
}

/** 1 → "1 layer", 6 → "6 layers". */
export function plural(count: number, noun: string): string {
  return `${wholeNumber(count)} ${noun}${count === 1 ? "" : "s"}`
}

/** 1.6e12 → "1.60 TFLOP/s". */
export function flopRate(perSecond: number): string {
  const [size, unit] = perSecond >= 1e12 ? [1e12, "TFLOP/s"] : [1e9, "GFLOP/s"]
  return `${threeDigits(perSecond / size)} ${unit}`
}

/** The byte models beside this one, by name, lowest first. */
export function rivals(report: RunReport): { name: string; note: string; bitsPerByte: number }[] {
  const { baselines } = report
  if (!baselines) return []
  const context = baselines.brotliContextBytes
  const read = context > 0 ? `after reading ${byteCount(context)} of the training text` : "on the held-out text alone"
  return [
    {
      name: `${baselines.ngramOrder}-gram byte model`,
      note: "interpolated, modified Kneser–Ney, counted on the same training text",
      bitsPerByte: baselines.ngramBitsPerByte,
    },
    { name: "brotli", note: `quality 11, ${read}`, bitsPerByte: baselines.brotliBitsPerByte },
  ].sort((left, right) => left.bitsPerByte - right.bitsPerByte)
}

/** One sentence on how the model compares, whichever way it went. */
export function verdict(report: RunReport): string {
  const beside = rivals(report)
  if (beside.length === 0) return "No other model was measured beside it."
  const beaten = beside.filter((rival) => report.bitsPerByte < rival.bitsPerByte)
  const figures = beside.map((rival) => `${withArticle(rival.name)} needs ${bitsFigure(rival.bitsPerByte)}`).join(", ")
  const finding =
    beaten.length === beside.length
      ? "That is lower than both models it is held against"
      : beaten.length > 0
        ? `That is lower than ${withArticle(beaten[0].name)}, but not lower than the other`
        : "That is not yet lower than the models it is held against"
  return `${finding}: ${figures}.`
}

/** "brotli" is a name; "6-gram byte model" is a thing. */
function withArticle(name: string): string {
  return name.includes(" ") ? `the ${name}` : name
}

/** "512 of 512 log-probabilities identical", or why there is none. */
export function logprobFinding(report: RunReport): string {
  const { logprobCheck } = report
  if (!logprobCheck) return "not checked in this run"
  return `${wholeNumber(logprobCheck.identical)} of ${wholeNumber(logprobCheck.compared)} log-probabilities identical`
}

/** Rows on the machine, for a table. */
export function machineRows({ machine, training }: RunReport): [string, string][] {
  const rows: [string, string][] = [
    ["Processor", machine.processor],
    ["Cores", wholeNumber(machine.cores)],
    ["Threads", wholeNumber(machine.threads)],
    ["Instruction set", machine.instructionSet],
    ["Executor", machine.executor],
    ["Precision", machine.precision],
    ["Memory", byteCount(machine.memoryBytes)],
    ["System", machine.system],
  ]
  if (machine.matmulPeakFlops !== null) rows.push(["Measured matmul peak", flopRate(machine.matmulPeakFlops)])
  if (training.matmulPeakShare !== null)
    rows.push(["Share of that peak in training", percent(training.matmulPeakShare)])
  return rows
}

/** Rows on the model and its training, for a table. */
export function modelRows({ model, training, tokenizer }: RunReport): [string, string][] {
  return [
    ["Family", model.family],
    ["Parameters", wholeNumber(model.parameters)],
    ["Layers", wholeNumber(model.layers)],
    ["Heads", wholeNumber(model.heads)],
    ["Width", wholeNumber(model.width)],
    ["Context", plural(model.context, "token")],
    ["Vocabulary", plural(model.vocabulary, "token")],
    ["Bytes a token (held-out)", tokenizer.bytesPerToken.toFixed(2)],
    ["Steps", wholeNumber(training.steps)],
    ["Tokens seen", wholeNumber(training.tokens)],
    ["Tokens a second", wholeNumber(training.tokensPerSecond)],
  ]
}

/** At most `most` of the items: the first, the last, and between them more from the beginning, where more changes. */
export function pickEarly<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items]
  const picked = new Set<number>()
  for (let turn = 0; turn < most; turn++) {
    let index = Math.round((items.length - 1) * (turn / (most - 1)) ** 1.6)
    while (picked.has(index)) index++
    picked.add(Math.min(index, items.length - 1))
  }
  return [...picked].sort((left, right) => left - right).map((index) => items[index])
}

/** At most `most` of the items, evenly spread, with the first and the last. */
export function pickEvenly<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items]
  return Array.from({ length: most }, (_, turn) => items[Math.round(((items.length - 1) * turn) / (most - 1))])
}

function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
