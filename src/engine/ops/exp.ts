import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { multiply } from "./multiply.ts"

export const expOp = defineElementwise({
  name: "exp",
  inputs: ["x"],
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && multiply(dy, y)],
  evaluate: Math.exp,
  operations: 10,
})

/**
 * The exponential.
 *
 *   y = eˣ
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function exp(x: TensorLike): Tensor {
  return apply(expOp, [x], {})
}
