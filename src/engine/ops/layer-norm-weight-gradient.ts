import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements } from "../tensor/index.ts"

export const layerNormWeightGradientOp = defineOp({
  name: "layerNormWeightGradient",
  inputs: ["x", "mean", "reciprocalDeviation", "dy", "weightAccumulator?", "biasAccumulator?"],
  outputs: ([x]) => {
    const type = { shape: x.shape.slice(-1), dtype: "f32" } as const
    return [type, type]
  },
  gradient: { none: "second derivatives of norms are not written" },
  operations: ([x]) => 5 * maximumElements(x.shape),
  traits: { accumulators: [4, 5] },
  reference: ([x, mean, reciprocalDeviation, dy, weightSums, biasSums], [dWeight, dBias]) => {
    const width = dWeight.data.length
    dWeight.data.set(weightSums ? weightSums.data : new Float64Array(width))
    dBias.data.set(biasSums ? biasSums.data : new Float64Array(width))
    for (let place = 0; place < x.data.length; place++) {
      const row = Math.floor(place / width)
      const normal = (x.data[place] - mean.data[row]) * reciprocalDeviation.data[row]
      dWeight.data[place % width] += dy.data[place] * normal
      dBias.data[place % width] += dy.data[place]
    }
  },
  native: { kernel: "layerNormWeightGradient" },
})

/**
 * The gradients of layerNorm's weight and bias: `[dWeight, dBias]`.
 *
 *   dWeight = Σ dy · (x − mean)·r      dBias = Σ dy        over all rows, in ascending blocks of 32
 *
 * @shape   x, dy                      [..., features]   float32
 * @shape   mean, reciprocalDeviation  [..., 1]          as layerNorm gave them
 * @shape   returns                    [features], [features]   float32
 */
export function layerNormWeightGradient(
  x: TensorLike,
  mean: TensorLike,
  reciprocalDeviation: TensorLike,
  dy: TensorLike,
): readonly Tensor[] {
  return applyAll(layerNormWeightGradientOp, [x, mean, reciprocalDeviation, dy], {})
}
