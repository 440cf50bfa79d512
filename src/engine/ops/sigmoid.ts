import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { multiply } from "./multiply.ts"
import { subtract } from "./subtract.ts"

export const sigmoidOp = defineElementwise({
  name: "sigmoid",
  inputs: ["x"],
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && multiply(dy, multiply(y, subtract(1, y)))],
  evaluate: (x) => 1 / (1 + Math.exp(-x)),
  operations: 10,
})

/**
 * The logistic function.
 *
 *   y = 1 / (1 + e⁻ˣ)
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function sigmoid(x: TensorLike): Tensor {
  return apply(sigmoidOp, [x], {})
}
