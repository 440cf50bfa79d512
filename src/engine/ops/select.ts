import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise, shrinkTo } from "./elementwise.ts"

export const selectOp = defineElementwise({
  name: "select",
  inputs: ["condition", "whenTrue", "whenFalse"],
  gradient: ({ inputs: [condition, whenTrue, whenFalse], outputGradients: [dy] }) => [
    undefined,
    dy && shrinkTo(select(condition, dy, 0), whenTrue.shape),
    dy && shrinkTo(select(condition, 0, dy), whenFalse.shape),
  ],
  evaluate: (condition, whenTrue, whenFalse) => (condition !== 0 ? whenTrue : whenFalse),
})

/**
 * Chooses between two tensors, place by place.
 *
 *   y = condition ≠ 0 ? whenTrue : whenFalse
 *
 * @shape  inputs broadcast to one another, aligned at their last axes; returns that shape, float32
 * @gradient whenTrue, whenFalse
 * @throws SHAPE_MISMATCH when the shapes do not broadcast
 */
export function select(condition: TensorLike, whenTrue: TensorLike, whenFalse: TensorLike): Tensor {
  return apply(selectOp, [condition, whenTrue, whenFalse], {})
}
