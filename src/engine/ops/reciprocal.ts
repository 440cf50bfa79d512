import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { multiply } from "./multiply.ts"
import { negate } from "./negate.ts"
import { square } from "./square.ts"

export const reciprocalOp = defineElementwise({
  name: "reciprocal",
  inputs: ["x"],
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && negate(multiply(dy, square(y)))],
  evaluate: (x) => 1 / x,
})

/**
 * One over the number.
 *
 *   y = 1 / x
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function reciprocal(x: TensorLike): Tensor {
  return apply(reciprocalOp, [x], {})
}
