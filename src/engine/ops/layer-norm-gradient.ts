import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements } from "../tensor/index.ts"

export const layerNormGradientOp = defineOp({
  name: "layerNormGradient",
  inputs: ["x", "weight", "mean", "reciprocalDeviation", "dy"],
  outputs: ([x]) => [{ shape: x.shape, dtype: "f32" }],
  gradient: { none: "second derivatives of norms are not written" },
  operations: ([x]) => 12 * maximumElements(x.shape),
  traits: { mayReuse: [[0, 4]] },
  reference: ([x, weight, mean, reciprocalDeviation, dy], [dx]) => {
    const width = weight.data.length
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
        dx.data[start + column] = scale * (g - sumG / width - (normal * sumGX) / width)
      }
    }
  },
  native: { kernel: "layerNormGradient" },
})

/**
 * The gradient of layerNorm's input.
 *
 *   dx = r · (g − mean(g) − n · mean(g·n))        g = dy·weight, n = (x − mean)·r
 *
 * @shape   x, dy                      [..., features]   float32
 * @shape   mean, reciprocalDeviation  [..., 1]          as layerNorm gave them
 * @shape   returns                    [..., features]   float32
 */
export function layerNormGradient(
  x: TensorLike,
  weight: TensorLike,
  mean: TensorLike,
  reciprocalDeviation: TensorLike,
  dy: TensorLike,
): Tensor {
  return apply(layerNormGradientOp, [x, weight, mean, reciprocalDeviation, dy], {})
}
