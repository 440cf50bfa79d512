import type { OpDefinition } from "../graph/index.ts"
import { attentionOp } from "./attention.ts"
import { CaseData, type CaseInput, few, integers, type OpCase, type OpCases, type RowCount } from "./op-case.cases.ts"

interface Heads {
  readonly heads: number
  readonly kvHeads?: number
  readonly headSize: number
  readonly window?: number
  /** Rows of each sequence; the whole run where left out. */
  readonly sequences?: readonly number[]
}

/** Queries, keys, values and sequence starts. */
export function attentionInputs(
  data: CaseData,
  count: number | RowCount,
  { heads, kvHeads = heads, headSize, sequences }: Heads,
): CaseInput[] {
  const total = typeof count === "number" ? count : count.count
  const lengths = sequences ?? [total]
  const starts = lengths.flatMap((length, index) => {
    const start = lengths.slice(0, index).reduce((sum, other) => sum + other, 0)
    return Array.from({ length }, () => start)
  })
  return [
    data.normal([count, heads, headSize]),
    data.normal([count, kvHeads, headSize]),
    data.normal([count, kvHeads, headSize]),
    integers(starts, [count]),
  ]
}

export function attentionAttributes({ headSize, window = 0, sequences = [] }: Heads) {
  return { scale: 1 / Math.sqrt(headSize), window, longest: Math.max(0, ...sequences) }
}

/** Row counts, heads, sequences and windows; `attentionGradient` goes through the same ones. */
export const ATTENTION_SHAPES: readonly (readonly [title: string, count: number | RowCount, heads: Heads])[] = [
  ["one row", 1, { heads: 2, headSize: 8 }],
  ["no rows", 0, { heads: 2, headSize: 8 }],
  ["a short sequence", 5, { heads: 2, headSize: 16 }],
  ["one block", 64, { heads: 1, headSize: 16 }],
  ["a block and one more", 65, { heads: 1, headSize: 16 }],
  ["three blocks and some", 200, { heads: 1, headSize: 32 }],
  ...[8, 17, 48, 64, 128].map((headSize) => [`head size ${headSize}`, 33, { heads: 2, headSize }] as const),
  ["grouped heads", 40, { heads: 6, kvHeads: 2, headSize: 16 }],
  ["one key head for all", 40, { heads: 5, kvHeads: 1, headSize: 16 }],
  ["several sequences", 90, { heads: 2, headSize: 16, sequences: [1, 17, 64, 8] }],
  ["sequences over blocks", 150, { heads: 2, kvHeads: 1, headSize: 8, sequences: [70, 3, 77] }],
  ["a window of one", 20, { heads: 2, headSize: 8, window: 1 }],
  ["a window", 150, { heads: 2, headSize: 16, window: 17 }],
  ["a window over blocks, several sequences", 160, { heads: 1, headSize: 16, window: 70, sequences: [90, 70] }],
  ["a window beyond all", 30, { heads: 1, headSize: 8, window: 500 }],
  ["bounded rows", few(37, 100), { heads: 2, headSize: 16, sequences: [20, 17] }],
  ["none of bounded rows", few(0, 100), { heads: 2, headSize: 16 }],
]

const data = new CaseData("attention")
const large = attentionInputs(data, 20, { heads: 1, headSize: 8 })

export const attentionCases: OpCases = {
  op: attentionOp as OpDefinition<never>,
  tolerance: { absolute: 5e-6, relative: 5e-6, why: "scores, exponentials and sums in float32" },
  bf16: {
    absolute: 1.5e-2,
    relative: 0,
    why: "probabilities rounded to bfloat16 (2⁻⁹ of each) against the largest score so far here, of all in the reference",
  },
  atModelSizes: ({ rows, sequences, heads, kvHeads, headSize }, data) => {
    const all = { heads, kvHeads, headSize, sequences: Array.from({ length: sequences }, () => rows / sequences) }
    const inputs = attentionInputs(data, rows, all)
    return [{ title: "a step", inputs, attributes: attentionAttributes(all) }]
  },
  cases: [
    ...ATTENTION_SHAPES.map(([title, count, heads]): OpCase => {
      return { title, inputs: attentionInputs(data, count, heads), attributes: attentionAttributes(heads) }
    }),
    {
      title: "scores far apart",
      inputs: large.map((input, index) =>
        index < 2 ? { ...input, data: input.data.map((value) => 10 * value) } : input,
      ),
      attributes: { scale: 1, window: 0, longest: 0 },
      gradient: false,
      tolerance: {
        absolute: 5e-3,
        relative: 1e-3,
        why: "scores of some hundreds have 2⁻¹⁵ in float32 for their exponent",
      },
    },
  ],
}
