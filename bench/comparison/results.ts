/** The results file: what was measured on one machine on one day, a row a figure. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Bar, GROUPS, type Group, type Measure, type Unit } from "./comparison.ts"
import type { Summary } from "./pairs.ts"

/** A figure with its readings. Without a summary it was not compared, and the note says why. */
export interface Row {
  readonly group: Group
  readonly name: string
  readonly unit: Unit
  readonly measure: Measure
  readonly average?: "median" | "mean"
  readonly bar?: Bar
  readonly isSameEverywhere?: boolean
  /** Readings of each pair, in the order they were taken. */
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
  readonly summary?: Summary
  /** Cores that other programs kept busy just before. */
  readonly othersLoad?: number
  /** The peer and its version. */
  readonly peer?: string
  readonly note?: string
  readonly commands?: readonly string[]
}

/** What `glossa doctor --json` tells, as far as it is used here. */
export interface Machine extends Readonly<Record<string, unknown>> {
  readonly processor: string
  readonly cores: number
  readonly amx: boolean
  readonly matmul_bf16_gflops: number
}

export interface Results {
  readonly version: 1
  /** When the newest row was measured, ISO 8601. */
  readonly measured: string
  readonly machine: Machine
  readonly commit: string
  readonly rows: readonly Row[]
}

export const RESULTS_FOLDER = "bench/results"

/** `2026-11-22-amd-epyc.json` */
export function resultsName(date: string, processor: string): string {
  const words = processor.toLowerCase().match(/[a-z0-9]+/g) ?? ["unknown"]
  return `${date.slice(0, 10)}-${words.join("-")}.json`
}

/**
 * Rows measured before, with those of a run in their place, in the order of groups. Rows that the run did not reach stay,
 * but for those of `finished` groups, which have all their rows in the run. A row that could not be compared this time
 * does not take the place of one that was.
 */
export function mergeRows(before: readonly Row[], run: readonly Row[], finished: readonly Group[]): Row[] {
  const earlier = new Map(before.map((row) => [row.name, row]))
  const inRun = new Set(run.map(({ name }) => name))
  const kept = before.filter(({ name, group }) => !inRun.has(name) && !finished.includes(group))
  const measured = run.map((row) => {
    const old = earlier.get(row.name)
    return !row.summary && old?.summary ? old : row
  })
  return [...kept, ...measured].sort((left, right) => GROUPS.indexOf(left.group) - GROUPS.indexOf(right.group))
}

/**
 * The file's content; undefined when there is none.
 *
 * @throws Error when the file is damaged, so that nothing is written over it
 */
export function readResults(path: string): Results | undefined {
  if (!existsSync(path)) return undefined
  let results: Results | undefined
  try {
    results = JSON.parse(readFileSync(path, "utf8")) as Results
  } catch {}
  if (results?.version !== 1) throw new Error(`${path}: not a results file of version 1; move it away`)
  return results
}

/** The whole new file or the old one, whatever happens. */
export function writeResults(path: string, results: Results): void {
  mkdirSync(dirname(path), { recursive: true })
  const partial = `${path}.${process.pid}.partial`
  writeFileSync(partial, `${JSON.stringify(results, null, 2)}\n`)
  renameSync(partial, path)
}

/** The results measured last; undefined when nothing was measured yet. */
export function newestResults(folder: string): Results | undefined {
  if (!existsSync(folder)) return undefined
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"))
  const all = names.map((name) => readResults(join(folder, name))).filter((results) => results !== undefined)
  return all.sort((left, right) => left.measured.localeCompare(right.measured)).at(-1)
}
