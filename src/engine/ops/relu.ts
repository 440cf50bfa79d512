import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { defineElementwise } from "./elementwise.ts"
import { greater } from "./greater.ts"
import { select } from "./select.ts"

export const reluOp = defineElementwise({
  name: "relu",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && select(greater(x, 0), dy, 0)],
  evaluate: (x) => Math.max(x, 0),
})

/**
 * The positive part.
 *
 *   y = max(x, 0)
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function relu(x: TensorLike): Tensor {
  return apply(reluOp, [x], {})
}
