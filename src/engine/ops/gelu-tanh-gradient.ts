import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"

export const geluTanhGradientOp = defineElementwise({
  name: "geluTanhGradient",
  inputs: ["x", "dy"],
  gradient: { none: "second derivatives of activations are not written" },
  evaluate: (x, dy) => {
    const inner = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)
    const slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x)
    const t = Math.tanh(inner)
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)
  },
  operations: 18,
  rounds: [0],
})

/**
 * The gradient of geluTanh: the slope at x, times dy.
 *
 *   dx = dy·(½(1 + t) + ½x(1 − t²)·u′)     t = tanh(u), u as in geluTanh
 *
 * @shape  inputs broadcast to one another, aligned at their last axes; returns that shape, float32
 * @throws SHAPE_MISMATCH when the shapes do not broadcast
 */
export function geluTanhGradient(x: TensorLike, dy: TensorLike): Tensor {
  return apply(geluTanhGradientOp, [x, dy], {})
}
