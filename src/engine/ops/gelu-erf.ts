import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { erfOf } from "./error-function.ts"
import { geluErfGradient } from "./gelu-erf-gradient.ts"

export const geluErfOp = defineElementwise({
  name: "geluErf",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && geluErfGradient(x, dy)],
  evaluate: (x) => 0.5 * x * (1 + erfOf(x * Math.SQRT1_2)),
  operations: 16,
  rounds: [0],
})

/**
 * The Gaussian error linear unit, in the exact form (`gelu` of config files).
 *
 *   y = ½·x·(1 + erf(x / √2))
 *
 * @shape   x        [...]   float32 | bfloat16; the bf16 policy rounds it
 * @shape   returns  [...]   float32
 * @gradient x
 * @paper   Hendrycks & Gimpel 2016, arXiv:1606.08415
 */
export function geluErf(x: TensorLike): Tensor {
  return apply(geluErfOp, [x], {})
}
