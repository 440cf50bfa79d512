import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements, sameShape } from "../tensor/index.ts"
import { add } from "./add.ts"
import { layerNormGradient } from "./layer-norm-gradient.ts"
import { multiply } from "./multiply.ts"
import { reciprocalSqrt } from "./reciprocal-sqrt.ts"
import { square } from "./square.ts"
import { subtract } from "./subtract.ts"
import { sum } from "./sum.ts"

export const layerNormOp = defineOp<{ readonly epsilon: number }>({
  name: "layerNorm",
  inputs: ["x", "weight", "bias"],
  outputs: ([x, weight, bias], _, fault) => {
    const width = [x.shape[x.shape.length - 1]]
    if (!sameShape(weight.shape, width) || !sameShape(bias.shape, width)) fault("weight and bias of x's last axis")
    const statistics = { shape: [...x.shape.slice(0, -1), 1], dtype: "f32" } as const
    return [{ shape: x.shape, dtype: "f32" }, statistics, statistics]
  },
  gradient: ({ inputs: [x, weight], outputs: [, mean, reciprocalDeviation], outputGradients: [dy] }) =>
    dy ? layerNormGradient(x, weight, mean, reciprocalDeviation, dy) : [],
  operations: ([x]) => 8 * maximumElements(x.shape),
  reference: ([x, weight, bias], [y, mean, reciprocalDeviation], { epsilon }) => {
    const width = weight.data.length
    for (let row = 0; row < mean.data.length; row++) {
      const values = x.data.subarray(row * width, (row + 1) * width)
      const center = values.reduce((total, value) => total + value, 0) / width
      const variance = values.reduce((total, value) => total + (value - center) ** 2, 0) / width
      const scale = 1 / Math.sqrt(variance + epsilon)
      mean.data[row] = center
      reciprocalDeviation.data[row] = scale
      for (let column = 0; column < width; column++)
        y.data[row * width + column] = (values[column] - center) * scale * weight.data[column] + bias.data[column]
    }
  },
  lower: ([x, weight, bias], { epsilon }) => {
    const width = x.shape[x.rank - 1] as number
    const mean = multiply(sum(x, -1), 1 / width)
    const centered = subtract(x, mean)
    const reciprocalDeviation = reciprocalSqrt(add(multiply(sum(square(centered), -1), 1 / width), epsilon))
    return [add(multiply(multiply(centered, reciprocalDeviation), weight), bias), mean, reciprocalDeviation]
  },
  native: { kernel: "layerNorm", storesBf16: [0], floats: ({ epsilon }) => [epsilon] },
})

/**
 * Brings each row to mean zero and unit deviation, then scales by `weight` and shifts by `bias`.
 *
 *   y = (x − mean(x)) / sqrt(variance(x) + epsilon) · weight + bias        over the last axis, in float32
 *
 * @shape   x        [..., features]   float32
 * @shape   weight   [features]        float32
 * @shape   bias     [features]        float32; zero when left out
 * @shape   returns  [..., features]   float32
 * @param   epsilon  added to the variance; unit of x²; must be > 0
 * @gradient x, weight, bias
 * @throws  SHAPE_MISMATCH when weight's length differs from the last axis of x
 * @paper   Ba et al. 2016, arXiv:1607.06450
 */
export function layerNorm(
  x: TensorLike,
  weight: TensorLike,
  bias: TensorLike | undefined,
  { epsilon }: { epsilon: number },
): Tensor {
  const shift = bias ?? multiply(weight, 0)
  return applyAll(layerNormOp, [x, weight, shift], { epsilon })[0]
}
