import { apply, asTensor, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineSum } from "./define-sum.ts"

export const sumOp = defineSum("sum")

/**
 * The sum along one axis, which stays with size 1.
 *
 *   y[…, 0, …] = Σᵢ x[…, i, …]        rows in ascending blocks of 32, so that sums may be continued across batches
 *
 * @shape   x        [..., n, ...]   float32 | bfloat16
 * @shape   returns  [..., 1, ...]   float32
 * @param   axis  negative axes count from the end
 * @gradient x
 * @throws  ATTRIBUTE_INVALID when x has no such axis
 */
export function sum(x: TensorLike, axis: number): Tensor {
  const tensor = asTensor(x)
  return apply(sumOp, [tensor], { axis: axis < 0 ? tensor.rank + axis : axis })
}
