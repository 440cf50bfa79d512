import type { OpDefinition } from "../graph/index.ts"
import { concatenateOp } from "./concatenate.ts"
import { CaseData, EXACT, few, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("concatenate")

export const concatenateCases: OpCases = {
  op: concatenateOp as OpDefinition<never>,
  tolerance: EXACT,
  atModelSizes: ({ rows, width }, data) => [
    {
      title: "query, key and value",
      inputs: [1, 2, 3].map(() => data.normal([rows, width])),
      attributes: { axis: 1 },
    },
  ],
  cases: [
    { title: "one part", inputs: [data.normal([17])], attributes: { axis: 0 } },
    { title: "vectors", inputs: [data.normal([15]), data.normal([1]), data.normal([33])], attributes: { axis: 0 } },
    { title: "an empty part", inputs: [data.normal([3, 4]), data.normal([0, 4])], attributes: { axis: 0 } },
    { title: "columns", inputs: [data.normal([5, 16]), data.normal([5, 17])], attributes: { axis: 1 } },
    { title: "a middle axis", inputs: [data.normal([2, 3, 5]), data.normal([2, 1, 5])], attributes: { axis: 1 } },
    {
      title: "columns of bounded rows",
      inputs: [data.normal([few(5, 9), 7]), data.normal([few(5, 9), 9])],
      attributes: { axis: 1 },
    },
    {
      title: "of no rows",
      inputs: [data.normal([few(0, 9), 7]), data.normal([few(0, 9), 9])],
      attributes: { axis: 1 },
    },
    { title: "bfloat16", inputs: [data.bf16([3, 7]), data.bf16([3, 10])], attributes: { axis: 1 } },
    { title: "five parts", inputs: [1, 2, 3, 4, 5].map((width) => data.normal([4, width])), attributes: { axis: 1 } },
  ],
}
