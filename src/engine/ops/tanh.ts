import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { multiply } from "./multiply.ts"
import { square } from "./square.ts"
import { subtract } from "./subtract.ts"

export const tanhOp = defineElementwise({
  name: "tanh",
  inputs: ["x"],
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && multiply(dy, subtract(1, square(y)))],
  evaluate: Math.tanh,
  operations: 10,
})

/**
 * The hyperbolic tangent.
 *
 *   y = tanh x
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function tanh(x: TensorLike): Tensor {
  return apply(tanhOp, [x], {})
}
