import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise, shrinkTo } from "./elementwise.ts"
import { negate } from "./negate.ts"

export const subtractOp = defineElementwise({
  name: "subtract",
  inputs: ["left", "right"],
  gradient: ({ inputs: [left, right], outputGradients: [dy] }) => [
    dy && shrinkTo(dy, left.shape),
    dy && shrinkTo(negate(dy), right.shape),
  ],
  evaluate: (left, right) => left - right,
})

/**
 * The difference of two tensors.
 *
 *   y = left − right
 *
 * @shape  inputs broadcast to one another, aligned at their last axes; returns that shape, float32
 * @gradient left, right
 * @throws SHAPE_MISMATCH when the shapes do not broadcast
 */
export function subtract(left: TensorLike, right: TensorLike): Tensor {
  return apply(subtractOp, [left, right], {})
}
