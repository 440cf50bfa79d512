import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements } from "../tensor/index.ts"
import { multiply } from "./multiply.ts"

export const sumOfSquaresOp = defineOp({
  name: "sumOfSquares",
  inputs: ["x"],
  outputs: () => [{ shape: [], dtype: "f32" }],
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && multiply(dy, multiply(2, x))],
  operations: ([x]) => 2 * maximumElements(x.shape),
  reference: ([x], [y]) => {
    y.data[0] = x.data.reduce((total, value) => total + value * value, 0)
  },
  native: { kernel: "sumOfSquares" },
})

/**
 * The sum of the squares of all numbers.
 *
 *   y = Σ x²        in fixed partial sums of 4,096 elements
 *
 * @shape   x        any   float32
 * @shape   returns  []    float32
 * @gradient x
 */
export function sumOfSquares(x: TensorLike): Tensor {
  return apply(sumOfSquaresOp, [x], {})
}
