import type { OpDefinition } from "../graph/index.ts"
import { rows } from "../tensor/index.ts"
import { broadcastOp } from "./broadcast.ts"
import { CaseData, EXACT, few, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("broadcast")

export const broadcastCases: OpCases = {
  op: broadcastOp as OpDefinition<never>,
  tolerance: EXACT,
  atModelSizes: ({ rows, inner }, data) => [
    { title: "a bias to a step's rows", inputs: [data.normal([inner])], attributes: { shape: [rows, inner] } },
  ],
  cases: [
    { title: "a scalar to a matrix", inputs: [data.normal([])], attributes: { shape: [3, 17] } },
    { title: "a scalar to a scalar", inputs: [data.normal([])], attributes: { shape: [] } },
    { title: "a row to rows", inputs: [data.normal([33])], attributes: { shape: [5, 33] } },
    { title: "a column to columns", inputs: [data.normal([5, 1])], attributes: { shape: [5, 33] } },
    { title: "to four axes", inputs: [data.normal([3, 1, 5])], attributes: { shape: [2, 3, 4, 5] } },
    { title: "to no places", inputs: [data.normal([1, 5])], attributes: { shape: [0, 5] } },
    {
      title: "a scalar to bounded rows beside them",
      inputs: [data.normal([few(3, 9), 1])],
      attributes: { shape: [rows(9), 16] },
    },
    { title: "nothing to do", inputs: [data.normal([4, 15])], attributes: { shape: [4, 15] } },
    { title: "of bfloat16", inputs: [data.bf16([1, 65])], attributes: { shape: [3, 65] } },
    { title: "several tasks", inputs: [data.normal([300])], attributes: { shape: [70, 300] } },
  ],
}
