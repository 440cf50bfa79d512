import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements } from "../tensor/index.ts"

export const rmsNormWeightGradientOp = defineOp({
  name: "rmsNormWeightGradient",
  inputs: ["x", "reciprocalRms", "dy", "accumulator?"],
  outputs: ([x]) => [{ shape: x.shape.slice(-1), dtype: "f32" }],
  gradient: { none: "second derivatives of norms are not written" },
  operations: ([x]) => 3 * maximumElements(x.shape),
  traits: { accumulators: [3] },
  reference: ([x, reciprocalRms, dy, accumulator], [dWeight]) => {
    const width = dWeight.data.length
    dWeight.data.set(accumulator ? accumulator.data : new Float64Array(width))
    for (let place = 0; place < x.data.length; place++)
      dWeight.data[place % width] += dy.data[place] * x.data[place] * reciprocalRms.data[Math.floor(place / width)]
  },
  native: { kernel: "rmsNormWeightGradient" },
})

/**
 * The gradient of rmsNorm's weight.
 *
 *   dWeight = Σ dy · x·r        over all rows, in ascending blocks of 32
 *
 * @shape   x, dy          [..., features]   float32
 * @shape   reciprocalRms  [..., 1]          as rmsNorm gave it
 * @shape   returns        [features]        float32
 */
export function rmsNormWeightGradient(x: TensorLike, reciprocalRms: TensorLike, dy: TensorLike): Tensor {
  return apply(rmsNormWeightGradientOp, [x, reciprocalRms, dy], {})
}
