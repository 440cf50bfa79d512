import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements } from "../tensor/index.ts"
import { exp } from "./exp.ts"
import { multiply } from "./multiply.ts"
import { logSumExpOf } from "./softmax.ts"
import { subtract } from "./subtract.ts"

export const logSumExpOp = defineOp({
  name: "logSumExp",
  inputs: ["x"],
  outputs: ([{ shape }], _, fault) => {
    if (shape.length === 0) fault("at least one axis")
    return [{ shape: [...shape.slice(0, -1), 1], dtype: "f32" }]
  },
  gradient: ({ inputs: [x], outputs: [y], outputGradients: [dy] }) => [dy && multiply(dy, exp(subtract(x, y)))],
  operations: ([x]) => 11 * maximumElements(x.shape),
  reference: ([x], [y]) => {
    const width = x.shape[x.shape.length - 1]
    for (let row = 0; row < y.data.length; row++) y.data[row] = logSumExpOf(x, row * width, width)
  },
  native: { kernel: "logSumExp" },
})

/**
 * The logarithm of the sum of exponentials along the last axis: what turns logits into log-probabilities.
 *
 *   y = ln Σ eˣ        in fixed chunks of 1,024, the order that every log-probability uses
 *
 * @shape   x        [..., n]   float32
 * @shape   returns  [..., 1]   float32
 * @gradient x
 */
export function logSumExp(x: TensorLike): Tensor {
  return apply(logSumExpOp, [x], {})
}
