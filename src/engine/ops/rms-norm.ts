import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements, sameShape } from "../tensor/index.ts"
import { add } from "./add.ts"
import { multiply } from "./multiply.ts"
import { reciprocalSqrt } from "./reciprocal-sqrt.ts"
import { rmsNormGradient } from "./rms-norm-gradient.ts"
import { square } from "./square.ts"
import { sum } from "./sum.ts"

export const rmsNormOp = defineOp<{ readonly epsilon: number }>({
  name: "rmsNorm",
  inputs: ["x", "weight"],
  outputs: ([x, weight], _, fault) => {
    if (!sameShape(weight.shape, x.shape.slice(-1))) fault("a weight of x's last axis")
    return [
      { shape: x.shape, dtype: "f32" },
      { shape: [...x.shape.slice(0, -1), 1], dtype: "f32" },
    ]
  },
  gradient: ({ inputs: [x, weight], outputs: [, reciprocalRms], outputGradients: [dy] }) =>
    dy ? rmsNormGradient(x, weight, reciprocalRms, dy) : [],
  operations: ([x]) => 5 * maximumElements(x.shape),
  reference: ([x, weight], [y, reciprocalRms], { epsilon }) => {
    const width = weight.data.length
    for (let row = 0; row < reciprocalRms.data.length; row++) {
      const values = x.data.subarray(row * width, (row + 1) * width)
      const meanSquare = values.reduce((total, value) => total + value * value, 0) / width
      reciprocalRms.data[row] = 1 / Math.sqrt(meanSquare + epsilon)
      for (let column = 0; column < width; column++)
        y.data[row * width + column] = values[column] * reciprocalRms.data[row] * weight.data[column]
    }
  },
  lower: ([x, weight], { epsilon }) => {
    const width = x.shape[x.rank - 1] as number
    const reciprocalRms = reciprocalSqrt(add(multiply(sum(square(x), -1), 1 / width), epsilon))
    return [multiply(multiply(x, reciprocalRms), weight), reciprocalRms]
  },
  native: { kernel: "rmsNorm", storesBf16: [0], floats: ({ epsilon }) => [epsilon] },
})

/**
 * Scales each row to unit root-mean-square, then by `weight`.
 *
 *   y = x / sqrt(mean(x²) + epsilon) · weight        mean over the last axis, in float32
 *
 * @shape   x        [..., features]   float32
 * @shape   weight   [features]        float32
 * @shape   returns  [..., features]   float32
 * @param   epsilon  added to the mean square; unit of x²; must be > 0
 * @gradient x, weight
 * @throws  SHAPE_MISMATCH when weight's length differs from the last axis of x
 * @paper   Zhang & Sennrich 2019, arXiv:1910.07467
 */
export function rmsNorm(x: TensorLike, weight: TensorLike, { epsilon }: { epsilon: number }): Tensor {
  return applyAll(rmsNormOp, [x, weight], { epsilon })[0]
}
