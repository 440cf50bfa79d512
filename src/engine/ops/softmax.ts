import { apply, defineOp, type ReferenceArray, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements } from "../tensor/index.ts"
import { multiply } from "./multiply.ts"
import { subtract } from "./subtract.ts"
import { sum } from "./sum.ts"

export const softmaxOp = defineOp({
  name: "softmax",
  inputs: ["x"],
  outputs: ([{ shape }], _, fault) => {
    if (shape.length === 0) fault("at least one axis")
    return [{ shape, dtype: "f32" }]
  },
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [dy && multiply(y, subtract(dy, sum(multiply(dy, y), -1)))],
  operations: ([x]) => 12 * maximumElements(x.shape),
  traits: { mayReuse: [[0, 0]] },
  reference: ([x], [y]) => {
    const width = x.shape[x.shape.length - 1]
    for (let start = 0; start < x.data.length; start += width) {
      const logSum = logSumExpOf(x, start, width)
      for (let place = start; place < start + width; place++) y.data[place] = Math.exp(x.data[place] - logSum)
    }
  },
  native: { kernel: "softmax" },
})

/** ln Σ eˣ of `width` numbers from `start`, in float64. */
export function logSumExpOf({ data }: ReferenceArray, start: number, width: number): number {
  let largest = Number.NEGATIVE_INFINITY
  for (let place = start; place < start + width; place++) largest = Math.max(largest, data[place])
  if (largest === Number.NEGATIVE_INFINITY) return largest
  let total = 0
  for (let place = start; place < start + width; place++) total += Math.exp(data[place] - largest)
  return largest + Math.log(total)
}

/**
 * Numbers made positive and to sum to one along the last axis.
 *
 *   y = eˣ / Σ eˣ
 *
 * @shape   x        [..., n]   float32 | bfloat16
 * @shape   returns  [..., n]   float32
 * @gradient x
 */
export function softmax(x: TensorLike): Tensor {
  return apply(softmaxOp, [x], {})
}
