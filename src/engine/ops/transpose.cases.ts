import type { OpDefinition } from "../graph/index.ts"
import { CaseData, EXACT, few, type OpCases } from "./op-case.cases.ts"
import { transposeOp } from "./transpose.ts"

const data = new CaseData("transpose")

export const transposeCases: OpCases = {
  op: transposeOp as OpDefinition<never>,
  tolerance: EXACT,
  atModelSizes: ({ rows, width }, data) => [
    { title: "a step's rows", inputs: [data.normal([rows, width])], attributes: { permutation: [1, 0] } },
  ],
  cases: [
    { title: "a matrix", inputs: [data.normal([17, 33])], attributes: { permutation: [1, 0] } },
    { title: "a square of whole vectors", inputs: [data.normal([64, 64])], attributes: { permutation: [1, 0] } },
    { title: "a row", inputs: [data.normal([1, 65])], attributes: { permutation: [1, 0] } },
    { title: "no rows", inputs: [data.normal([0, 5])], attributes: { permutation: [1, 0] } },
    { title: "a vector", inputs: [data.normal([15])], attributes: { permutation: [0] } },
    { title: "a scalar", inputs: [data.normal([])], attributes: { permutation: [] } },
    { title: "heads before rows", inputs: [data.normal([5, 3, 16])], attributes: { permutation: [1, 0, 2] } },
    { title: "all three axes moved", inputs: [data.normal([5, 7, 17])], attributes: { permutation: [2, 0, 1] } },
    { title: "four axes", inputs: [data.normal([2, 3, 5, 16])], attributes: { permutation: [3, 1, 0, 2] } },
    {
      title: "bounded rows that go behind",
      inputs: [data.normal([few(5, 9), 33])],
      attributes: { permutation: [1, 0] },
    },
    {
      title: "bounded rows that stay",
      inputs: [data.normal([few(5, 9), 3, 7])],
      attributes: { permutation: [0, 2, 1] },
    },
    { title: "nothing to do", inputs: [data.normal([3, 4])], attributes: { permutation: [0, 1] } },
    { title: "bfloat16", inputs: [data.bf16([17, 33])], attributes: { permutation: [1, 0] } },
    { title: "several tasks", inputs: [data.normal([130, 140])], attributes: { permutation: [1, 0] } },
  ],
}
