import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { erfOf } from "./error-function.ts"
import { exp } from "./exp.ts"
import { multiply } from "./multiply.ts"
import { negate } from "./negate.ts"
import { square } from "./square.ts"

export const erfOp = defineElementwise({
  name: "erf",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [
    dy && multiply(dy, multiply(2 / Math.sqrt(Math.PI), exp(negate(square(x))))),
  ],
  evaluate: erfOf,
  operations: 16,
})

/**
 * The error function.
 *
 *   y = 2/√π · ∫₀ˣ e^(−t²) dt
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function erf(x: TensorLike): Tensor {
  return apply(erfOp, [x], {})
}
