import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { multiply } from "./multiply.ts"
import { square } from "./square.ts"

export const reciprocalSqrtOp = defineElementwise({
  name: "reciprocalSqrt",
  inputs: ["x"],
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && multiply(dy, multiply(-0.5, multiply(y, square(y))))],
  evaluate: (x) => 1 / Math.sqrt(x),
  operations: 2,
})

/**
 * One over the square root.
 *
 *   y = 1 / √x
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function reciprocalSqrt(x: TensorLike): Tensor {
  return apply(reciprocalSqrtOp, [x], {})
}
