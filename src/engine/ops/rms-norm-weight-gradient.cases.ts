import type { OpDefinition } from "../graph/index.ts"
import { CaseData, few, handedOn, type OpCase, type OpCases } from "./op-case.cases.ts"
import { rmsNormOp } from "./rms-norm.ts"
import { rmsNormWeightGradientOp } from "./rms-norm-weight-gradient.ts"

const data = new CaseData("rmsNormWeightGradient")

function backward(title: string, sizes: Parameters<CaseData["normal"]>[0], continued = false): OpCase {
  const [x, dy] = [data.normal(sizes), data.normal(sizes)]
  const weight = data.normal([x.shape[x.shape.length - 1] as number])
  const [, reciprocalRms] = handedOn(rmsNormOp as OpDefinition<never>, [x, weight], { epsilon: 1e-5 })
  return { title, inputs: [x, reciprocalRms, dy, ...(continued ? [weight] : [])] }
}

export const rmsNormWeightGradientCases: OpCases = {
  op: rmsNormWeightGradientOp as OpDefinition<never>,
  tolerance: { absolute: 3e-5, relative: 3e-6, why: "up to some hundred numbers near 1 added in float32" },
  atModelSizes: ({ rows, width }, data) => {
    const scales = data.between(0.5, 2, [rows, 1])
    return [{ title: "a step", inputs: [data.normal([rows, width]), scales, data.normal([rows, width])] }]
  },
  cases: [
    ...[1, 15, 16, 17, 33, 65].map((width) => backward(`width ${width}`, [37, width])),
    ...[1, 31, 32, 33, 300].map((count) => backward(`${count} rows`, [count, 24])),
    backward("a vector", [17]),
    backward("three axes", [3, 2, 16]),
    backward("bounded rows", [few(40, 90), 17]),
    backward("none of bounded rows", [few(0, 9), 17]),
    backward("continued", [50, 33], true),
    backward("continued over no rows", [few(0, 9), 33], true),
  ],
}
