import { apply, type Tensor, type TensorLike } from "../graph/index.ts"
import { cos } from "./cos.ts"
import { defineElementwise } from "./elementwise.ts"
import { multiply } from "./multiply.ts"

export const sinOp = defineElementwise({
  name: "sin",
  inputs: ["x"],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && multiply(dy, cos(x))],
  evaluate: Math.sin,
  operations: 10,
})

/**
 * The sine; radians.
 *
 *   y = sin x
 *
 * @shape   x        [...]   float32 | bfloat16
 * @shape   returns  [...]   float32
 * @gradient x
 */
export function sin(x: TensorLike): Tensor {
  return apply(sinOp, [x], {})
}
