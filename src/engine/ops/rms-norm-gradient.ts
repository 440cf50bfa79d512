import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements } from "../tensor/index.ts"

export const rmsNormGradientOp = defineOp({
  name: "rmsNormGradient",
  inputs: ["x", "weight", "reciprocalRms", "dy"],
  outputs: ([x]) => [{ shape: x.shape, dtype: "f32" }],
  gradient: { none: "second derivatives of norms are not written" },
  operations: ([x]) => 9 * maximumElements(x.shape),
  traits: { mayReuse: [[0, 3]] },
  reference: ([x, weight, reciprocalRms, dy], [dx]) => {
    const width = weight.data.length
    for (let row = 0; row < reciprocalRms.data.length; row++) {
      const start = row * width
      const scale = reciprocalRms.data[row]
      let dot = 0
      for (let column = 0; column < width; column++)
        dot += dy.data[start + column] * weight.data[column] * x.data[start + column] * scale
      for (let column = 0; column < width; column++) {
        const g = dy.data[start + column] * weight.data[column]
        dx.data[start + column] = scale * (g - (x.data[start + column] * scale * dot) / width)
      }
    }
  },
  native: { kernel: "rmsNormGradient" },
})

/**
 * The gradient of rmsNorm's input.
 *
 *   dx = r · (g − n · mean(g·n))        g = dy·weight, n = x·r
 *
 * @shape   x, dy          [..., features]   float32
 * @shape   reciprocalRms  [..., 1]          as rmsNorm gave it
 * @shape   returns        [..., features]   float32
 */
export function rmsNormGradient(x: TensorLike, weight: TensorLike, reciprocalRms: TensorLike, dy: TensorLike): Tensor {
  return apply(rmsNormGradientOp, [x, weight, reciprocalRms, dy], {})
}
