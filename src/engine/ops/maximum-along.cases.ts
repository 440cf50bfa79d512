import type { OpDefinition } from "../graph/index.ts"
import { maximumAlongOp } from "./maximum-along.ts"
import { CaseData, EXACT, few, numbers, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("maximumAlong")

export const maximumAlongCases: OpCases = {
  op: maximumAlongOp as OpDefinition<never>,
  tolerance: EXACT,
  atModelSizes: ({ sequences, vocabulary }, data) => [
    { title: "a turn's logits", inputs: [data.normal([sequences, vocabulary])], attributes: { axis: 1 } },
  ],
  cases: [
    { title: "a vector", inputs: [data.normal([65])], attributes: { axis: 0 } },
    { title: "no numbers", inputs: [data.normal([3, 0])], attributes: { axis: 1 } },
    ...[1, 15, 16, 17, 33, 500].map((width) => {
      return { title: `rows of ${width}`, inputs: [data.normal([5, width])], attributes: { axis: 1 } }
    }),
    { title: "over rows", inputs: [data.normal([37, 17])], attributes: { axis: 0 } },
    { title: "all negative", inputs: [data.between(-9, -1, [4, 19])], attributes: { axis: 1 } },
    { title: "over bounded rows", inputs: [data.normal([few(5, 9), 17])], attributes: { axis: 0 } },
    { title: "along bounded rows", inputs: [data.normal([few(5, 9), 17])], attributes: { axis: 1 } },
    { title: "a middle axis", inputs: [data.normal([2, 5, 3, 7])], attributes: { axis: 2 } },
    { title: "of bfloat16", inputs: [data.bf16([3, 33])], attributes: { axis: 1 } },
    { title: "infinities", inputs: [numbers([1, Infinity, -Infinity, -Infinity], [2, 2])], attributes: { axis: 1 } },
    {
      title: "NaN stays",
      inputs: [numbers([1, NaN, 3, NaN, 2, 1, ...Array.from({ length: 34 }, () => 5)], [2, 20])],
      attributes: { axis: 1 },
    },
  ],
}
