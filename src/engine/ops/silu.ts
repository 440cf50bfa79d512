import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { siluGradient } from "./silu-gradient.ts"

export const siluOp = defineElementwise({
  name: "silu",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && siluGradient(x, dy)],
  evaluate: (x) => x / (1 + Math.exp(-x)),
  operations: 12,
  rounds: [0],
})

/**
 * The sigmoid linear unit, also called swish.
 *
 *   y = x / (1 + e⁻ˣ)
 *
 * @shape   x        [...]   float32 | bfloat16; the bf16 policy rounds it
 * @shape   returns  [...]   float32
 * @gradient x
 * @paper   Elfwing et al. 2017, arXiv:1702.03118
 */
export function silu(x: TensorLike): Tensor {
  return apply(siluOp, [x], {})
}
