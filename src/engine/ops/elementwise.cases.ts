/** Case shapes that all elementwise operations share: whole and broken vectors, blocks, tasks, broadcasts, bounded rows. */
import type { OpDefinition } from "../graph/index.ts"
import { CaseData, type CaseInput, describeSizes, few, numbers, type OpCase } from "./op-case.cases.ts"

const ONE_INPUT = [
  [],
  [0],
  [1],
  [15],
  [16],
  [17],
  [33],
  [65],
  [257],
  [3, 5, 7],
  [2, 3, 2, 5],
  [few(5, 9), 17],
  [few(0, 4), 3],
  // More than one task of 16,384 elements.
  [70, 300],
] as const

const TWO_INPUTS = [
  [[17], [17]],
  [[], [65]],
  [[33], []],
  [[1], [16]],
  [
    [4, 1],
    [3, 1, 5],
  ],
  [[0, 3], [3]],
  [[few(5, 9), 7], [7]],
  [
    [few(5, 9), 1],
    [1, 33],
  ],
  [
    [2, 3, 1, 5],
    [1, 3, 4, 1],
  ],
  [[70, 300], [300]],
  [
    [70, 1],
    [70, 300],
  ],
] as const

const THREE_INPUTS = [
  [[17], [17], [17]],
  [[], [33], []],
  [[5, 1], [1, 16], [16]],
  [[few(3, 8), 1], [few(3, 8), 15], []],
  [[0], [1], [0]],
] as const

/** Numbers of one input of the shapes above. */
export type MakeInput = (data: CaseData, sizes: Parameters<CaseData["normal"]>[0]) => CaseInput

/** Normally distributed around zero. */
export const normal: MakeInput = (data, sizes) => data.normal(sizes)

/** Cases for as many inputs as `op` has; `make` says what numbers each one takes. */
export function elementwiseCases(op: OpDefinition<never>, make: readonly MakeInput[] = []): OpCase[] {
  const data = new CaseData(op.name)
  const lists = [ONE_INPUT.map((sizes) => [sizes]), TWO_INPUTS, THREE_INPUTS][op.inputs.length - 1]
  return lists.map((shapes) => ({
    title: shapes.map(describeSizes).join(" with "),
    inputs: shapes.map((sizes, input) => (make[input] ?? normal)(data, sizes)),
  }))
}

/** Between `low` and `high`. */
export function between(low: number, high: number): MakeInput {
  return (data, sizes) => data.between(low, high, sizes)
}

/** Either sign, at least `gap` away from zero. */
export function awayFromZero(gap: number): MakeInput {
  return (data, sizes) => {
    const input = data.normal(sizes)
    return { ...input, data: input.data.map((value) => value + (value < 0 ? -gap : gap)) }
  }
}

/** Tenths, so that neighbours are equal or well apart; `shift` keeps two inputs from meeting. */
export function tenths(shift: number): MakeInput {
  return (data, sizes) => {
    const input = data.normal(sizes)
    return { ...input, data: input.data.map((value) => Math.round(10 * value) / 10 + shift) }
  }
}

/** A number here and there, zero elsewhere. */
export const CONDITIONS: MakeInput = (data, sizes) => {
  const input = data.normal(sizes)
  return { ...input, data: input.data.map((value) => (value > 0.3 ? value : 0)) }
}

/** One input of special numbers: no finite difference there. */
export function special(...values: number[]): OpCase {
  return { title: "extremes", inputs: [numbers(values)], gradient: false }
}

/** Every pair of the special numbers. */
export function specialPairs(...values: number[]): OpCase {
  const left = values.flatMap((value) => values.map(() => value))
  const right = values.flatMap(() => values)
  return { title: "extremes", inputs: [numbers(left), numbers(right)], gradient: false }
}

export const INFINITIES = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN] as const
export const HUGE = [3.4e38, -3.4e38] as const
export const TINY = [1.2e-38, -1.2e-38] as const
