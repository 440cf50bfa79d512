import type { OpDefinition } from "../graph/index.ts"
import { layerNormOp } from "./layer-norm.ts"
import { layerNormGradientOp } from "./layer-norm-gradient.ts"
import { CaseData, few, handedOn, type OpCase, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("layerNormGradient")

/** `x` and `dy` of these sizes, with what layerNorm hands on. */
function backward(title: string, sizes: Parameters<CaseData["normal"]>[0], continued = false): OpCase {
  const [x, dy] = [data.normal(sizes), data.normal(sizes)]
  const width = x.shape[x.shape.length - 1] as number
  const weight = data.normal([width])
  const [, mean, deviation] = handedOn(layerNormOp as OpDefinition<never>, [x, weight, weight], { epsilon: 1e-5 })
  const sums = continued ? [data.normal([width]), data.normal([width])] : []
  return { title, inputs: [x, weight, mean, deviation, dy, ...sums] }
}

export const layerNormGradientCases: OpCases = {
  op: layerNormGradientOp as OpDefinition<never>,
  tolerance: {
    absolute: 3e-5,
    relative: 5e-6,
    why: "means of products in float32, subtracted from numbers of their size; up to some hundred numbers added",
  },
  atModelSizes: ({ rows, width }, data) => {
    const statistics = [data.normal([rows, 1]), data.between(0.5, 2, [rows, 1])]
    const inputs = [data.normal([rows, width]), data.normal([width]), ...statistics, data.normal([rows, width])]
    return [{ title: "a step", inputs }]
  },
  cases: [
    ...[1, 15, 16, 17, 33, 65, 300].map((width) => backward(`width ${width}`, [37, width])),
    ...[1, 31, 32, 33, 300].map((count) => backward(`${count} rows`, [count, 24])),
    backward("a vector", [17]),
    backward("three axes", [3, 2, 16]),
    backward("bounded rows", [few(40, 90), 17]),
    backward("none of bounded rows", [few(0, 9), 17]),
    backward("many rows", [300, 64]),
    backward("continued", [50, 33], true),
    backward("continued over no rows", [few(0, 9), 33], true),
  ],
}
