import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements, maximumSize } from "../tensor/index.ts"
import { rowPartialBytes } from "./define-sum.ts"

export const layerNormGradientOp = defineOp({
  name: "layerNormGradient",
  inputs: ["x", "weight", "mean", "reciprocalDeviation", "dy", "weightAccumulator?", "biasAccumulator?"],
  outputs: ([x, weight]) => [
    { shape: x.shape, dtype: "f32" },
    { shape: weight.shape, dtype: "f32" },
    { shape: weight.shape, dtype: "f32" },
  ],
  gradient: { none: "second derivatives of norms are not written" },
  operations: ([x]) => 17 * maximumElements(x.shape),
  traits: { mayReuse: [[0, 4]], accumulators: [-1, 5, 6] },
  reference: ([x, weight, mean, reciprocalDeviation, dy, weightSums, biasSums], [dx, dWeight, dBias]) => {
    const width = weight.data.length
    dWeight.data.set(weightSums ? weightSums.data : new Float64Array(width))
    dBias.data.set(biasSums ? biasSums.data : new Float64Array(width))
    for (let row = 0; row < mean.data.length; row++) {
      const start = row * width
      const scale = reciprocalDeviation.data[row]
      let sumG = 0
      let sumGX = 0
      for (let column = 0; column < width; column++) {
        const g = dy.data[start + column] * weight.data[column]
        sumG += g
        sumGX += g * (x.data[start + column] - mean.data[row]) * scale
      }
      for (let column = 0; column < width; column++) {
        const g = dy.data[start + column] * weight.data[column]
        const normal = (x.data[start + column] - mean.data[row]) * scale
        dWeight.data[column] += dy.data[start + column] * normal
        dBias.data[column] += dy.data[start + column]
        dx.data[start + column] = scale * (g - sumG / width - (normal * sumGX) / width)
      }
    }
  },
  native: {
    kernel: "layerNormGradient",
    withElementwise: "layerNormGradient",
    scratchBytes: ([x, weight]) => 2 * rowPartialBytes(maximumElements(x.shape), maximumSize(weight.shape[0])),
  },
})

/**
 * The gradients of layerNorm's input, weight and bias: `[dx, dWeight, dBias]`.
 *
 *   dx = r · (g − mean(g) − n · mean(g·n))        g = dy·weight, n = (x − mean)·r
 *   dWeight = Σ dy·n      dBias = Σ dy            over all rows, in ascending blocks of 32
 *
 * @shape   x, dy                      [..., features]   float32
 * @shape   mean, reciprocalDeviation  [..., 1]          as layerNorm gave them
 * @shape   returns                    [..., features], [features], [features]   float32
 */
export function layerNormGradient(
  x: TensorLike,
  weight: TensorLike,
  mean: TensorLike,
  reciprocalDeviation: TensorLike,
  dy: TensorLike,
): readonly Tensor[] {
  return applyAll(layerNormGradientOp, [x, weight, mean, reciprocalDeviation, dy], {})
}
