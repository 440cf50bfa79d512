import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { divide } from "./divide.ts"
import { defineElementwise } from "./elementwise.ts"
import { multiply } from "./multiply.ts"

export const sqrtOp = defineElementwise({
  name: "sqrt",
  inputs: ["x"],
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && divide(multiply(dy, 0.5), y)],
  evaluate: Math.sqrt,
})

/**
 * The square root.
 *
 *   y = √x
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function sqrt(x: TensorLike): Tensor {
  return apply(sqrtOp, [x], {})
}
