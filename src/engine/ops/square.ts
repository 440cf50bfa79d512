import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { multiply } from "./multiply.ts"

export const squareOp = defineElementwise({
  name: "square",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && multiply(dy, multiply(2, x))],
  evaluate: (x) => x * x,
})

/**
 * The square.
 *
 *   y = x²
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function square(x: TensorLike): Tensor {
  return apply(squareOp, [x], {})
}
