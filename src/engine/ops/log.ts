import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { divide } from "./divide.ts"
import { defineElementwise } from "./elementwise.ts"

export const logOp = defineElementwise({
  name: "log",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && divide(dy, x)],
  evaluate: Math.log,
  operations: 10,
})

/**
 * The natural logarithm.
 *
 *   y = ln x
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function log(x: TensorLike): Tensor {
  return apply(logOp, [x], {})
}
