import type { OpDefinition } from "../graph/index.ts"
import { CaseData, few, numbers, type OpCases } from "./op-case.cases.ts"
import { sumOfSquaresOp } from "./sum-of-squares.ts"

const data = new CaseData("sumOfSquares")

export const sumOfSquaresCases: OpCases = {
  op: sumOfSquaresOp as OpDefinition<never>,
  tolerance: {
    absolute: 1e-37,
    relative: 1e-5,
    why: "up to 10,000 positive numbers added in float32, in parts of 4,096",
  },
  atModelSizes: ({ width, inner }, data) => [
    { title: "a gradient, for its norm", inputs: [data.normal([width, inner])] },
  ],
  cases: [
    ...[[], [0], [1], [15], [17], [65], [4095], [4096], [4097], [100, 100], [2, 3, 4, 5]].map((sizes) => {
      return { title: `sizes ${sizes.join("×") || "none"}`, inputs: [data.normal(sizes)] }
    }),
    { title: "of bounded rows", inputs: [data.normal([few(5, 9), 17])] },
    { title: "of none of bounded rows", inputs: [data.normal([few(0, 9), 17])] },
    { title: "beyond float32", inputs: [numbers([1e20, 3, 1e20])], gradient: false },
    { title: "NaN", inputs: [numbers([1, Number.NaN, 2])], gradient: false },
  ],
}
