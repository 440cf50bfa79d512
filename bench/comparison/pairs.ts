/** Pairs of readings become one number with its spread. */
import type { Bar, Figure, Measure, Unit } from "./comparison.ts"

export interface Summary {
  readonly value: number
  readonly lowest: number
  readonly highest: number
}

/** The middle one; the mean of the middle two of an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** One pair's number: ours and theirs of the same minutes, so that what slows the machine slows both. */
export function ratio(measure: Exclude<Measure, "value">, unit: Unit, ours: number, theirs: number): number {
  const isRate = unit.endsWith("/s")
  return measure === "share" || isRate ? ours / theirs : theirs / ours
}

/** The number a bar is set for, over all pairs; undefined when it needs a peer that did not run. */
export function summarize(
  { measure, unit, average = "median" }: Pick<Figure, "measure" | "unit" | "average">,
  ours: readonly number[],
  theirs: readonly number[],
): Summary | undefined {
  const isAlone = measure === "value"
  if (ours.length === 0 || (!isAlone && theirs.length !== ours.length)) return undefined
  const numbers = isAlone ? ours : ours.map((value, pair) => ratio(measure, unit, value, theirs[pair]))
  const value = isAlone && average === "mean" ? mean(numbers) : median(numbers)
  return { value, lowest: Math.min(...numbers), highest: Math.max(...numbers) }
}

export function holds(bar: Bar, value: number): boolean {
  return "atLeast" in bar ? value >= bar.atLeast : value <= bar.atMost
}
