import type { OpDefinition } from "../graph/index.ts"
import { cachedAttentionOp } from "./cached-attention.ts"
import { CaseData, few, integers, type OpCase, type OpCases, type RowCount } from "./op-case.cases.ts"

interface CachedRows {
  readonly heads: number
  readonly kvHeads: number
  readonly headSize: number
  readonly window?: number
  /** Sequence and position of each row. */
  readonly rows: readonly (readonly [sequence: number, position: number])[]
  /** Pages of each sequence, in order. */
  readonly table: readonly (readonly number[])[]
  readonly maximum?: number
}

const cases = new CaseData("cachedAttention")

function cached(
  title: string,
  { heads, kvHeads, headSize, window = 0, rows, table, maximum }: CachedRows,
  bf16 = false,
  data = cases,
): OpCase {
  const count: number | RowCount = maximum ? few(rows.length, maximum) : rows.length
  const pages = 1 + Math.max(...table.flat())
  const make = (sizes: Parameters<CaseData["normal"]>[0]) => (bf16 ? data.bf16(sizes) : data.normal(sizes))
  const inputs = [
    make([count, heads, headSize]),
    make([pages, kvHeads, 64, headSize]),
    make([pages, kvHeads, 64, headSize]),
    integers(
      rows.map(([sequence]) => sequence),
      [count],
    ),
    integers(
      rows.map(([, position]) => position),
      [count],
    ),
    integers(table.flat(), [table.length, table[0].length]),
  ]
  const attributes = { scale: 1 / Math.sqrt(headSize), window }
  if (!bf16) return { title, inputs, attributes }
  return { title: `${title}, bfloat16`, inputs, attributes, tolerance: ROUNDED_PROBABILITIES }
}

const ROUNDED_PROBABILITIES = {
  absolute: 1.5e-2,
  relative: 0,
  why: "probabilities rounded to bfloat16 (2⁻⁹ of each) against the largest score so far here, of all in the reference",
}

const chunk = (sequence: number, start: number, count: number) =>
  Array.from({ length: count }, (_, index) => [sequence, start + index] as const)

const SHAPES: readonly (readonly [string, CachedRows])[] = [
  ["the first position", { heads: 2, kvHeads: 2, headSize: 16, rows: [[0, 0]], table: [[0]] }],
  ["one row in a second page", { heads: 2, kvHeads: 1, headSize: 16, rows: [[0, 70]], table: [[2, 0]] }],
  ["the end of a page", { heads: 1, kvHeads: 1, headSize: 8, rows: [[0, 63]], table: [[1, 0]] }],
  ["a chunk over a border", { heads: 2, kvHeads: 2, headSize: 16, rows: chunk(0, 50, 30), table: [[1, 2, 0]] }],
  ...[8, 17, 48, 64, 128].map(
    (headSize) =>
      [`head size ${headSize}`, { heads: 2, kvHeads: 1, headSize, rows: chunk(0, 60, 9), table: [[1, 0]] }] as const,
  ),
  [
    "many sequences, one row each",
    {
      heads: 6,
      kvHeads: 2,
      headSize: 16,
      rows: [
        [2, 5],
        [0, 100],
        [1, 64],
      ],
      table: [
        [3, 1],
        [2, 5],
        [4, 0],
      ],
    },
  ],
  [
    "a chunk beside single rows",
    {
      heads: 4,
      kvHeads: 2,
      headSize: 8,
      rows: [[0, 3], ...chunk(1, 0, 20), [2, 127]],
      table: [
        [0, 0],
        [1, 0],
        [3, 2],
      ],
    },
  ],
  ["a window", { heads: 2, kvHeads: 2, headSize: 16, window: 20, rows: chunk(0, 50, 30), table: [[1, 2, 0]] }],
  [
    "a window beyond a page",
    { heads: 1, kvHeads: 1, headSize: 8, window: 70, rows: chunk(0, 130, 4), table: [[2, 1, 0]] },
  ],
  ["bounded rows", { heads: 2, kvHeads: 1, headSize: 8, rows: chunk(0, 9, 5), table: [[0]], maximum: 16 }],
  ["none of bounded rows", { heads: 2, kvHeads: 1, headSize: 8, rows: [], table: [[0]], maximum: 16 }],
]

export const cachedAttentionCases: OpCases = {
  op: cachedAttentionOp as OpDefinition<never>,
  tolerance: { absolute: 5e-6, relative: 5e-6, why: "scores, exponentials and sums in float32" },
  atModelSizes: ({ rows, sequences, heads, kvHeads, headSize }, data) => {
    const [last, pages] = [rows / sequences - 1, Math.ceil(rows / sequences / 64)]
    const turn = {
      heads,
      kvHeads,
      headSize,
      rows: Array.from({ length: sequences }, (_, sequence) => [sequence, last] as const),
      table: Array.from({ length: sequences }, (_, sequence) =>
        Array.from({ length: pages }, (_, page) => sequence * pages + page),
      ),
    }
    return [{ ...cached("a turn", turn, false, data), operations: 4 * sequences * (last + 1) * heads * headSize }]
  },
  cases: [
    ...SHAPES.map(([title, rows]) => cached(title, rows)),
    ...SHAPES.map(([title, rows]) => cached(title, rows, true)),
  ],
}
