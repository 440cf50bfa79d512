import { apply, type Tensor } from "../graph/index.ts"
import { defineSum } from "./define-sum.ts"

export const gradientSumOp = defineSum("gradientSum", [0])

/**
 * The sum of a gradient along an axis over which a value was repeated, such as a bias over rows; the axis stays with
 * size 1. Under the bf16 policy it is the sum of the rounded gradient, which the products beside it read as well.
 *
 * @shape   dy       [..., n, ...]
 * @shape   returns  [..., 1, ...]   float32
 */
export function gradientSum(dy: Tensor, axis: number): Tensor {
  return apply(gradientSumOp, [dy], { axis })
}
