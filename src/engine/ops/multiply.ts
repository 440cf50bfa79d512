import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise, shrinkTo } from "./elementwise.ts"

export const multiplyOp = defineElementwise({
  name: "multiply",
  inputs: ["left", "right"],
  gradient: ({ inputs: [left, right], outputGradients: [dy] }) => [
    dy && shrinkTo(multiply(dy, right), left.shape),
    dy && shrinkTo(multiply(dy, left), right.shape),
  ],
  evaluate: (left, right) => left * right,
})

/**
 * The product of two tensors, place by place.
 *
 *   y = left · right
 *
 * @shape  inputs broadcast to one another, aligned at their last axes; returns that shape, float32
 * @gradient left, right
 * @throws SHAPE_MISMATCH when the shapes do not broadcast
 */
export function multiply(left: TensorLike, right: TensorLike): Tensor {
  return apply(multiplyOp, [left, right], {})
}
