import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { multiply } from "./multiply.ts"
import { negate } from "./negate.ts"
import { sin } from "./sin.ts"

export const cosOp = defineElementwise({
  name: "cos",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && negate(multiply(dy, sin(x)))],
  evaluate: Math.cos,
  operations: 10,
})

/**
 * The cosine; radians.
 *
 *   y = cos x
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function cos(x: TensorLike): Tensor {
  return apply(cosOp, [x], {})
}
