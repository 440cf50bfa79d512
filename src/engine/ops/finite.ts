import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"

export const finiteOp = defineElementwise({
  name: "finite",
  inputs: ["x"],
  gradient: { none: "the result is constant wherever it has a slope" },
  evaluate: (x) => (Number.isFinite(x) ? 1 : 0),
})

/**
 * 1 where the number is finite, 0 where it is NaN or infinite.
 *
 *   y = finite(x) ? 1 : 0
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 */
export function finite(x: TensorLike): Tensor {
  return apply(finiteOp, [x], {})
}
