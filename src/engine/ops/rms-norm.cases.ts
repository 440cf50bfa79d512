import type { OpDefinition } from "../graph/index.ts"
import { CaseData, few, numbers, type OpCases } from "./op-case.cases.ts"
import { rmsNormOp } from "./rms-norm.ts"

const data = new CaseData("rmsNorm")
const settings = { epsilon: 1e-5 }

export const rmsNormCases: OpCases = {
  op: rmsNormOp as OpDefinition<never>,
  tolerance: { absolute: 1e-6, relative: 2e-6, why: "a mean square in float32, a root and two products" },
  atModelSizes: ({ rows, width }, data) => [
    { title: "a step", inputs: [data.normal([rows, width]), data.normal([width])], attributes: settings },
  ],
  cases: [
    ...[1, 15, 16, 17, 33, 65, 300].map((width) => {
      return { title: `width ${width}`, inputs: [data.normal([5, width]), data.normal([width])], attributes: settings }
    }),
    { title: "a vector", inputs: [data.normal([17]), data.normal([17])], attributes: settings },
    {
      title: "three axes, as for each head",
      inputs: [data.normal([3, 2, 16]), data.normal([16])],
      attributes: settings,
    },
    { title: "bounded rows", inputs: [data.normal([few(5, 9), 17]), data.normal([17])], attributes: settings },
    { title: "none of bounded rows", inputs: [data.normal([few(0, 9), 17]), data.normal([17])], attributes: settings },
    { title: "many rows", inputs: [data.normal([300, 64]), data.normal([64])], attributes: settings },
    {
      title: "nothing but epsilon",
      gradient: false,
      inputs: [numbers([0, 0, 0, 0], [2, 2]), numbers([1, 2])],
      attributes: settings,
    },
    {
      title: "large numbers",
      inputs: [data.normal([3, 33], { deviation: 1e4 }), data.normal([33])],
      attributes: settings,
      gradient: false,
    },
  ],
}
