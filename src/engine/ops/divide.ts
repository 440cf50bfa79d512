import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise, shrinkTo } from "./elementwise.ts"
import { multiply } from "./multiply.ts"
import { negate } from "./negate.ts"

export const divideOp = defineElementwise({
  name: "divide",
  inputs: ["left", "right"],
  gradient: ({ inputs: [left, right], outputs: [y], outputGradients: [dy] }) => [
    dy && shrinkTo(divide(dy, right), left.shape),
    dy && shrinkTo(negate(multiply(dy, divide(y, right))), right.shape),
  ],
  evaluate: (left, right) => left / right,
})

/**
 * The quotient of two tensors, place by place.
 *
 *   y = left / right
 *
 * @shape  inputs broadcast to one another, aligned at their last axes; returns that shape, float32
 * @gradient left, right
 * @throws SHAPE_MISMATCH when the shapes do not broadcast
 */
export function divide(left: TensorLike, right: TensorLike): Tensor {
  return apply(divideOp, [left, right], {})
}
