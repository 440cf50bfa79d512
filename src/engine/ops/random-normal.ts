import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements, type Shape } from "../tensor/index.ts"
import { fillNormal } from "./philox.ts"

export const randomNormalOp = defineOp<{ readonly shape: Shape; readonly deviation: number }>({
  name: "randomNormal",
  inputs: ["key"],
  outputs: ([key], { shape, deviation }, fault) => {
    if (key.dtype !== "i32") fault("a key of whole numbers, i32", "DTYPE_MISMATCH")
    if (key.shape.length !== 1 || key.shape[0] !== 2) fault("a key [2]")
    if (!(deviation >= 0 && Number.isFinite(deviation))) fault("a deviation of 0 or more", "ATTRIBUTE_INVALID")
    return [{ shape, dtype: "f32" }]
  },
  gradient: { none: "random numbers have no slope" },
  operations: (_, [output]) => 20 * maximumElements(output.shape),
  reference: ([key], [y], { deviation }) => fillNormal(y.data, [key.data[0], key.data[1]], deviation),
  native: { kernel: "randomNormal", floats: ({ deviation }) => [deviation], contiguous: true },
})

/**
 * Random numbers of the normal distribution around 0: Box and Muller's transform of Philox's words. The number at a place
 * depends on the key and the place alone, so the same key always gives the same numbers, and a larger shape begins with
 * those of a smaller one. None is further from 0 than 5.77 deviations.
 *
 *   for each block c of four places, words = philox(key, [c, 0, 0, 0]), and for each pair (a, b) of its words
 *   radius = deviation · sqrt(−2 ln ((⌊a / 2⁸⌋ + 1) / 2²⁴)), angle = 2π b / 2³²: radius · cos(angle), radius · sin(angle)
 *
 * @shape   key      [2]   i32
 * @shape   returns  `shape`   float32
 * @param   deviation  of the distribution; from 0
 * @throws  DTYPE_MISMATCH, SHAPE_MISMATCH when the key is not two whole numbers
 * @throws  ATTRIBUTE_INVALID when the deviation is negative or not finite
 * @paper   Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"; Box & Muller 1958
 * @example const weight = randomNormal(constant(Int32Array.of(seed, 7), [2]), [64, 32], { deviation: 0.02 })
 */
export function randomNormal(
  key: TensorLike,
  shape: Shape,
  { deviation = 1 }: { readonly deviation?: number } = {},
): Tensor {
  return apply(randomNormalOp, [key], { shape, deviation })
}
