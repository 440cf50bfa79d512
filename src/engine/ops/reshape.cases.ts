import type { OpDefinition } from "../graph/index.ts"
import { rows } from "../tensor/index.ts"
import { CaseData, EXACT, few, integers, type OpCases } from "./op-case.cases.ts"
import { reshapeOp } from "./reshape.ts"

const data = new CaseData("reshape")

export const reshapeCases: OpCases = {
  op: reshapeOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [
    { title: "a matrix to a vector", inputs: [data.normal([3, 17])], attributes: { shape: [51] } },
    { title: "a vector to four axes", inputs: [data.normal([30])], attributes: { shape: [5, 1, 2, 3] } },
    { title: "one place to a scalar", inputs: [data.normal([1, 1])], attributes: { shape: [] } },
    { title: "no places", inputs: [data.normal([0, 4])], attributes: { shape: [7, 0] } },
    {
      title: "heads out of bounded rows",
      inputs: [data.normal([few(5, 9), 24])],
      attributes: { shape: [rows(9), 3, 8] },
    },
    { title: "i32", inputs: [integers([1, 2, 3, 4, 5, 6])], attributes: { shape: [2, 3] }, gradient: false },
    { title: "bfloat16", inputs: [data.bf16([4, 4])], attributes: { shape: [16] } },
  ],
}
