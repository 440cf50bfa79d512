import type { OpDefinition } from "../graph/index.ts"
import { CaseData, EXACT, few, type OpCases } from "./op-case.cases.ts"
import { sliceOp } from "./slice.ts"

const data = new CaseData("slice")
const part = (axis: number, start: number, length: number) => ({ axis, start, length })

export const sliceCases: OpCases = {
  op: sliceOp as OpDefinition<never>,
  tolerance: EXACT,
  atModelSizes: ({ rows, width }, data) => [
    {
      title: "a third of query, key and value",
      inputs: [data.normal([rows, 3 * width])],
      attributes: part(1, width, width),
    },
  ],
  cases: [
    { title: "the middle of a vector", inputs: [data.normal([65])], attributes: part(0, 16, 33) },
    { title: "the last place", inputs: [data.normal([17])], attributes: part(0, 16, 1) },
    { title: "all of it", inputs: [data.normal([3, 5])], attributes: part(1, 0, 5) },
    { title: "nothing of it", inputs: [data.normal([3, 5])], attributes: part(1, 5, 0) },
    { title: "rows", inputs: [data.normal([9, 15])], attributes: part(0, 4, 3) },
    { title: "columns", inputs: [data.normal([9, 33])], attributes: part(1, 1, 17) },
    { title: "a middle axis", inputs: [data.normal([2, 7, 3, 5])], attributes: part(1, 2, 4) },
    { title: "columns of bounded rows", inputs: [data.normal([few(5, 9), 48])], attributes: part(1, 16, 16) },
    { title: "of no rows", inputs: [data.normal([few(0, 9), 8])], attributes: part(1, 2, 3) },
    { title: "bfloat16", inputs: [data.bf16([5, 33])], attributes: part(1, 3, 17) },
  ],
}
