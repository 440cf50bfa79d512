import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { greaterEqual } from "./greater-equal.ts"
import { negate } from "./negate.ts"
import { select } from "./select.ts"

export const absoluteOp = defineElementwise({
  name: "absolute",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && select(greaterEqual(x, 0), dy, negate(dy))],
  evaluate: Math.abs,
})

/**
 * The absolute value.
 *
 *   y = |x|
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function absolute(x: TensorLike): Tensor {
  return apply(absoluteOp, [x], {})
}
