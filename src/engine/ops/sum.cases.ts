import type { OpDefinition } from "../graph/index.ts"
import { CaseData, few, numbers, type OpCases } from "./op-case.cases.ts"
import { sumOp } from "./sum.ts"

const data = new CaseData("sum")

export const sumCases: OpCases = {
  op: sumOp as OpDefinition<never>,
  tolerance: { absolute: 2e-5, relative: 1e-6, why: "up to 1,000 numbers near 1 added in float32" },
  atModelSizes: ({ rows, inner }, data) => [
    { title: "the gradient of a bias", inputs: [data.normal([rows, inner])], attributes: { axis: 0 } },
  ],
  cases: [
    { title: "a vector", inputs: [data.normal([65])], attributes: { axis: 0 } },
    { title: "one number", inputs: [data.normal([1])], attributes: { axis: 0 } },
    { title: "no numbers", inputs: [data.normal([0, 5])], attributes: { axis: 0 } },
    { title: "no columns", inputs: [data.normal([3, 0])], attributes: { axis: 0 } },
    { title: "of empty rows", inputs: [data.normal([3, 0])], attributes: { axis: 1 } },
    ...[15, 16, 17, 33, 257, 1000].map((width) => {
      return { title: `rows of ${width}`, inputs: [data.normal([5, width])], attributes: { axis: 1 } }
    }),
    ...[1, 31, 32, 33, 100, 1000].map((count) => {
      return { title: `over ${count} rows`, inputs: [data.normal([count, 17])], attributes: { axis: 0 } }
    }),
    { title: "over bounded rows", inputs: [data.normal([few(45, 90), 33])], attributes: { axis: 0 } },
    { title: "over none of bounded rows", inputs: [data.normal([few(0, 90), 33])], attributes: { axis: 0 } },
    { title: "along bounded rows", inputs: [data.normal([few(5, 9), 33])], attributes: { axis: 1 } },
    { title: "a middle axis", inputs: [data.normal([2, 35, 3, 5])], attributes: { axis: 1 } },
    { title: "wide rows, several tasks", inputs: [data.normal([40, 600])], attributes: { axis: 0 } },
    { title: "of bfloat16", inputs: [data.bf16([5, 33])], attributes: { axis: 1 } },
    {
      title: "infinities and NaN",
      inputs: [numbers([1, Infinity, 2, -Infinity, NaN, 3], [3, 2])],
      attributes: { axis: 1 },
      gradient: false,
    },
    {
      title: "continued",
      inputs: [data.normal([40, 17]), data.normal([1, 17])],
      attributes: { axis: 0 },
      gradient: false,
    },
    {
      title: "continued along rows",
      inputs: [data.normal([5, 17]), data.normal([5, 1])],
      attributes: { axis: 1 },
      gradient: false,
    },
    {
      title: "continued over no rows",
      inputs: [data.normal([few(0, 8), 17]), data.normal([1, 17])],
      attributes: { axis: 0 },
      gradient: false,
    },
  ],
}
