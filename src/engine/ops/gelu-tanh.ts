import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { geluTanhGradient } from "./gelu-tanh-gradient.ts"

export const geluTanhOp = defineElementwise({
  name: "geluTanh",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && geluTanhGradient(x, dy)],
  evaluate: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  operations: 16,
  rounds: [0],
})

/**
 * The Gaussian error linear unit, in the tanh form (`gelu_new` and `gelu_pytorch_tanh` of config files).
 *
 *   y = ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
 *
 * @shape   x        [...]   float32 | bfloat16; the bf16 policy rounds it
 * @shape   returns  [...]   float32
 * @gradient x
 * @paper   Hendrycks & Gimpel 2016, arXiv:1606.08415
 */
export function geluTanh(x: TensorLike): Tensor {
  return apply(geluTanhOp, [x], {})
}
