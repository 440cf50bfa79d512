import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"

export const siluGradientOp = defineElementwise({
  name: "siluGradient",
  inputs: ["x", "dy"],
  gradient: { none: "second derivatives of activations are not written" },
  evaluate: (x, dy) => {
    const s = 1 / (1 + Math.exp(-x))
    return dy * s * (1 + x * (1 - s))
  },
  operations: 18,
  rounds: [0],
})

/**
 * The gradient of silu: the slope at x, times dy.
 *
 *   dx = dy·s·(1 + x·(1 − s))     s = sigmoid(x)
 *
 * @shape  inputs broadcast to one another, aligned at their last axes; returns that shape, float32
 * @throws SHAPE_MISMATCH when the shapes do not broadcast
 */
export function siluGradient(x: TensorLike, dy: TensorLike): Tensor {
  return apply(siluGradientOp, [x, dy], {})
}
