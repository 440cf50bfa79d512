import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"

export const greaterEqualOp = defineElementwise({
  name: "greaterEqual",
  inputs: ["left", "right"],
  gradient: { none: "the result is constant wherever it has a slope" },
  evaluate: (left, right) => (left >= right ? 1 : 0),
})

/**
 * 1 where left ≥ right, 0 elsewhere.
 *
 * @shape  inputs broadcast to one another, aligned at their last axes; returns that shape, float32
 * @throws SHAPE_MISMATCH when the shapes do not broadcast
 */
export function greaterEqual(left: TensorLike, right: TensorLike): Tensor {
  return apply(greaterEqualOp, [left, right], {})
}
