import type { OpDefinition } from "../graph/index.ts"
import { IGNORED_TARGET, linearCrossEntropyOp } from "./linear-cross-entropy.ts"
import { CaseData, type CaseInput, few, integers, type OpCase, type OpCases, type RowCount } from "./op-case.cases.ts"

/** Row count, width and vocabulary; `linearCrossEntropyGradient` goes through the same ones. */
export const LOSS_SHAPES: readonly (readonly [
  title: string,
  count: number | RowCount,
  width: number,
  vocabulary: number,
])[] = [
  ["one row", 1, 16, 20],
  ["no rows", 0, 16, 20],
  ["one id", 3, 5, 1],
  ["odd sizes", 17, 33, 65],
  ["one vocabulary chunk", 5, 16, 1024],
  ["a chunk and one more", 5, 16, 1025],
  ["several chunks", 35, 24, 2500],
  ["many rows", 130, 17, 50],
  ["rows of two blocks", 64, 64, 100],
  ["bounded rows", few(7, 40), 16, 33],
  ["none of bounded rows", few(0, 40), 16, 33],
  ["bounded rows and several chunks", few(9, 33), 40, 1100],
]

/** Hidden rows, weight and targets, every fifth one ignored. */
export function lossInputs(data: CaseData, count: number | RowCount, width: number, vocabulary: number): CaseInput[] {
  const targets = data.ids(vocabulary, [count])
  const masked = targets.data.map((id, row) => (row % 5 === 3 ? IGNORED_TARGET : id)) as Int32Array
  return [
    data.normal([count, width]),
    data.normal([vocabulary, width], { deviation: 0.5 }),
    { ...targets, data: masked },
  ]
}

const data = new CaseData("linearCrossEntropy")

export const linearCrossEntropyCases: OpCases = {
  op: linearCrossEntropyOp as OpDefinition<never>,
  tolerance: {
    absolute: 2e-5,
    relative: 3e-6,
    why: "logits of up to 64 products, exponentials and a logarithm in float32",
  },
  bf16: { absolute: 2e-5, relative: 3e-6, why: "products of bfloat16 are exact; the rest is float32" },
  atModelSizes: ({ rows, width, vocabulary }, data) => [
    { title: "a step", inputs: lossInputs(data, rows, width, vocabulary) },
  ],
  cases: [
    ...LOSS_SHAPES.map(([title, count, width, vocabulary]): OpCase => {
      return { title, inputs: lossInputs(data, count, width, vocabulary) }
    }),
    {
      title: "nothing counts",
      inputs: [data.normal([3, 8]), data.normal([9, 8]), integers([IGNORED_TARGET, IGNORED_TARGET, IGNORED_TARGET])],
    },
    {
      title: "logits of hundreds",
      inputs: [
        data.normal([5, 16], { deviation: 20 }),
        data.normal([40, 16], { deviation: 5 }),
        integers([0, 1, 2, 3, 39]),
      ],
      gradient: false,
      tolerance: { absolute: 1e-3, relative: 1e-5, why: "logits of some hundreds have 2⁻¹⁵ in float32" },
    },
  ],
}
