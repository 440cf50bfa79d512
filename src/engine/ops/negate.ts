import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"

export const negateOp = defineElementwise({
  name: "negate",
  inputs: ["x"],
  gradient: ({ outputGradients: [dy] }) => [dy && negate(dy)],
  evaluate: (x) => -x,
})

/**
 * The tensor with its sign turned.
 *
 *   y = −x
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function negate(x: TensorLike): Tensor {
  return apply(negateOp, [x], {})
}
