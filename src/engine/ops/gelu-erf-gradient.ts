import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { erfOf } from "./error-function.ts"

export const geluErfGradientOp = defineElementwise({
  name: "geluErfGradient",
  inputs: ["x", "dy"],
  gradient: { none: "second derivatives of activations are not written" },
  evaluate: (x, dy) => {
    const cumulative = 0.5 * (1 + erfOf(x * Math.SQRT1_2))
    const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)
    return dy * (cumulative + x * density)
  },
  operations: 18,
  rounds: [0],
})

/**
 * The gradient of geluErf: the slope at x, times dy.
 *
 *   dx = dy·(Φ(x) + x·φ(x))     Φ, φ of the standard normal distribution
 *
 * @shape  inputs broadcast to one another, aligned at their last axes; returns that shape, float32
 * @throws SHAPE_MISMATCH when the shapes do not broadcast
 */
export function geluErfGradient(x: TensorLike, dy: TensorLike): Tensor {
  return apply(geluErfGradientOp, [x, dy], {})
}
