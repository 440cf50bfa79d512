import type { OpDefinition } from "../graph/index.ts"
import { layerNormOp } from "./layer-norm.ts"
import { CaseData, few, numbers, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("layerNorm")
const settings = { epsilon: 1e-5 }

export const layerNormCases: OpCases = {
  op: layerNormOp as OpDefinition<never>,
  tolerance: { absolute: 3e-6, relative: 3e-6, why: "mean and variance in float32, a root and two products" },
  atModelSizes: ({ rows, width }, data) => {
    const inputs = [data.normal([rows, width]), data.normal([width]), data.normal([width])]
    return [{ title: "a step", inputs, attributes: settings }]
  },
  cases: [
    ...[2, 15, 16, 17, 33, 65, 300].map((width) => {
      const inputs = [data.normal([5, width]), data.normal([width]), data.normal([width])]
      return { title: `width ${width}`, inputs, attributes: settings }
    }),
    {
      title: "width 1: nothing is left",
      inputs: [data.normal([5, 1]), data.normal([1]), data.normal([1])],
      attributes: settings,
    },
    { title: "a vector", inputs: [data.normal([17]), data.normal([17]), data.normal([17])], attributes: settings },
    {
      title: "three axes",
      inputs: [data.normal([3, 2, 16]), data.normal([16]), data.normal([16])],
      attributes: settings,
    },
    {
      title: "bounded rows",
      inputs: [data.normal([few(5, 9), 17]), data.normal([17]), data.normal([17])],
      attributes: settings,
    },
    {
      title: "none of bounded rows",
      inputs: [data.normal([few(0, 9), 17]), data.normal([17]), data.normal([17])],
      attributes: settings,
    },
    {
      title: "many rows",
      inputs: [data.normal([300, 64]), data.normal([64]), data.normal([64])],
      attributes: settings,
    },
    {
      title: "all alike",
      inputs: [numbers([3, 3, 3, 3], [2, 2]), numbers([1, 2]), numbers([4, 5])],
      attributes: settings,
      gradient: false,
    },
    {
      title: "far from zero",
      inputs: [data.normal([3, 33], { center: 1000 }), data.normal([33]), data.normal([33])],
      attributes: settings,
      gradient: false,
      tolerance: {
        absolute: 1e-3,
        relative: 1e-4,
        why: "deviations of 1 around 1,000 keep 2⁻¹⁴ of themselves in float32",
      },
    },
  ],
}
