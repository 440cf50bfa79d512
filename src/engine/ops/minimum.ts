import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise, shrinkTo } from "./elementwise.ts"
import { greaterEqual } from "./greater-equal.ts"
import { select } from "./select.ts"

export const minimumOp = defineElementwise({
  name: "minimum",
  inputs: ["left", "right"],
  gradient: ({ inputs: [left, right], outputGradients: [dy] }) => {
    if (!dy) return []
    const leftChosen = greaterEqual(right, left)
    return [shrinkTo(select(leftChosen, dy, 0), left.shape), shrinkTo(select(leftChosen, 0, dy), right.shape)]
  },
  evaluate: Math.min,
})

/**
 * The smaller of two tensors, place by place.
 *
 *   y = min(left, right)
 *
 * @shape  inputs broadcast to one another, aligned at their last axes; returns that shape, float32
 * @gradient left where it was chosen (ties too), right elsewhere
 * @throws SHAPE_MISMATCH when the shapes do not broadcast
 */
export function minimum(left: TensorLike, right: TensorLike): Tensor {
  return apply(minimumOp, [left, right], {})
}
