import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements, maximumSize } from "../tensor/index.ts"
import { rowPartialBytes } from "./define-sum.ts"

export const rmsNormGradientOp = defineOp({
  name: "rmsNormGradient",
  inputs: ["x", "weight", "reciprocalRms", "dy", "accumulator?"],
  outputs: ([x, weight]) => [
    { shape: x.shape, dtype: "f32" },
    { shape: weight.shape, dtype: "f32" },
  ],
  gradient: { none: "second derivatives of norms are not written" },
  operations: ([x]) => 12 * maximumElements(x.shape),
  traits: { mayReuse: [[0, 3]], accumulators: [-1, 4] },
  reference: ([x, weight, reciprocalRms, dy, accumulator], [dx, dWeight]) => {
    const width = weight.data.length
    dWeight.data.set(accumulator ? accumulator.data : new Float64Array(width))
    for (let row = 0; row < reciprocalRms.data.length; row++) {
      const start = row * width
      const scale = reciprocalRms.data[row]
      let dot = 0
      for (let column = 0; column < width; column++)
        dot += dy.data[start + column] * weight.data[column] * x.data[start + column] * scale
      for (let column = 0; column < width; column++) {
        const g = dy.data[start + column] * weight.data[column]
        const normal = x.data[start + column] * scale
        dWeight.data[column] += dy.data[start + column] * normal
        dx.data[start + column] = scale * (g - (normal * dot) / width)
      }
    }
  },
  native: {
    kernel: "rmsNormGradient",
    withElementwise: "rmsNormGradient",
    scratchBytes: ([x, weight]) => rowPartialBytes(maximumElements(x.shape), maximumSize(weight.shape[0])),
  },
})

/**
 * The gradients of rmsNorm's input and weight: `[dx, dWeight]`.
 *
 *   dx = r · (g − n · mean(g·n))        g = dy·weight, n = x·r
 *   dWeight = Σ dy·n                    over all rows, in ascending blocks of 32
 *
 * @shape   x, dy          [..., features]   float32
 * @shape   reciprocalRms  [..., 1]          as rmsNorm gave it
 * @shape   returns        [..., features], [features]   float32
 */
export function rmsNormGradient(
  x: TensorLike,
  weight: TensorLike,
  reciprocalRms: TensorLike,
  dy: TensorLike,
): readonly Tensor[] {
  return applyAll(rmsNormGradientOp, [x, weight, reciprocalRms, dy], {})
}
