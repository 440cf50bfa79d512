import type { OpDefinition } from "../graph/index.ts"
import { matmulOp } from "./matmul.ts"
import { CaseData, few, numbers, type OpCase, type OpCases } from "./op-case.cases.ts"

const cases = new CaseData("matmul")

function product(
  title: string,
  m: number,
  k: number,
  n: number,
  transposeLeft = false,
  transposeRight = false,
  data = cases,
): OpCase {
  const left = data.normal(transposeLeft ? [k, m] : [m, k])
  const right = data.normal(transposeRight ? [n, k] : [k, n])
  return { title: `${title}: ${m}×${k}×${n}`, inputs: [left, right], attributes: { transposeLeft, transposeRight } }
}
const plain = { transposeLeft: false, transposeRight: false }

export const matmulCases: OpCases = {
  op: matmulOp as OpDefinition<never>,
  tolerance: { absolute: 5e-5, relative: 1e-5, why: "up to 600 products near 1 added in float32" },
  bf16: { absolute: 5e-5, relative: 1e-5, why: "products of bfloat16 are exact in float32; only the sums are rounded" },
  atModelSizes: ({ rows, width, inner }, data) =>
    (
      [
        ["attention projection", width, width],
        ["feed-forward up", width, inner],
        ["feed-forward down", inner, width],
      ] as const
    ).flatMap(([title, inputs, outputs]) => [
      product(title, rows, inputs, outputs, false, true, data),
      product(`${title}, gradient of its input`, rows, outputs, inputs, false, false, data),
      product(`${title}, gradient of its weight`, outputs, rows, inputs, true, false, data),
    ]),
  cases: [
    ...[1, 15, 16, 17, 33, 65].map((size) => product("columns", 5, 20, size)),
    ...[1, 15, 16, 17, 31, 32, 33, 65, 600].map((size) => product("inner", 5, size, 20)),
    ...[1, 2, 5, 6, 7, 15, 16, 17, 33, 65].map((size) => product("rows", size, 40, 20)),
    product("odd everywhere", 33, 65, 17),
    product("several tiles of each", 130, 70, 150),
    ...[
      [17, 33, 15],
      [64, 64, 64],
      [5, 100, 40],
    ].flatMap(([m, k, n]) => [
      product("left transposed", m, k, n, true, false),
      product("right transposed", m, k, n, false, true),
      product("both transposed", m, k, n, true, true),
    ]),
    product("no rows", 0, 5, 7),
    product("no columns", 5, 7, 0),
    product("no inner elements", 3, 0, 5),
    { title: "bounded rows", inputs: [cases.normal([few(7, 50), 33]), cases.normal([33, 20])], attributes: plain },
    {
      title: "one of bounded rows",
      inputs: [cases.normal([few(1, 50), 33]), cases.normal([33, 20])],
      attributes: plain,
    },
    {
      title: "none of bounded rows",
      inputs: [cases.normal([few(0, 50), 33]), cases.normal([33, 20])],
      attributes: plain,
    },
    {
      title: "bounded inner size, as for weight gradients",
      inputs: [cases.normal([few(37, 90), 17]), cases.normal([few(37, 90), 33])],
      attributes: { transposeLeft: true, transposeRight: false },
    },
    {
      title: "no inner elements of bounded ones",
      inputs: [cases.normal([few(0, 90), 17]), cases.normal([few(0, 90), 33])],
      attributes: { transposeLeft: true, transposeRight: false },
    },
    {
      title: "bounded columns",
      inputs: [cases.normal([17, 33]), cases.normal([few(5, 9), 33])],
      attributes: { transposeLeft: false, transposeRight: true },
    },
    {
      title: "continued",
      inputs: [cases.normal([70, 17]), cases.normal([70, 33]), cases.normal([17, 33])],
      attributes: { transposeLeft: true, transposeRight: false },
      gradient: false,
    },
    {
      title: "continued with no inner elements",
      inputs: [cases.normal([few(0, 9), 17]), cases.normal([few(0, 9), 33]), cases.normal([17, 33])],
      attributes: { transposeLeft: true, transposeRight: false },
      gradient: false,
    },
    {
      title: "infinities and NaN stay in their rows and columns",
      inputs: [
        numbers([1, Number.POSITIVE_INFINITY, 2, 3, Number.NaN, 1], [3, 2]),
        numbers([1, 2, 3, 4, 5, 6], [2, 3]),
      ],
      attributes: plain,
      gradient: false,
    },
  ],
}
