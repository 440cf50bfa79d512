import { apply, defineOp, type OpDefinition, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements, maximumSize, sameShape } from "../tensor/index.ts"

interface RopeAttributes {
  readonly interleaved: boolean
  readonly inverse: boolean
  readonly [key: string]: unknown
}

export const ropeOp: OpDefinition<RopeAttributes> = defineOp<RopeAttributes>({
  name: "rope",
  inputs: ["x", "positions", "cosine", "sine"],
  outputs: ([x, positions, cosine, sine], _, fault) => {
    if (x.shape.length !== 3) fault("x of shape [rows, heads, headSize]")
    if (positions.dtype !== "i32" || !sameShape(positions.shape, x.shape.slice(0, 1))) fault("one i32 position a row")
    if (cosine.shape.length !== 2 || !sameShape(cosine.shape, sine.shape)) fault("cosine and sine of one shape")
    if (2 * maximumSize(cosine.shape[1]) > maximumSize(x.shape[2])) fault("no more pairs than half the head size")
    return [{ shape: x.shape, dtype: "f32" }]
  },
  gradient: ({ inputs: [, positions, cosine, sine], attributes, outputGradients: [dy] }) => [
    dy && apply(ropeOp, [dy, positions, cosine, sine], { ...attributes, inverse: !attributes.inverse }),
  ],
  operations: ([x]) => 3 * maximumElements(x.shape),
  traits: {
    mayReuse: [[0, 0]],
    indexRanges: [{ input: 1, minimum: 0, limit: ([, , cosine]) => maximumSize(cosine.shape[0]) }],
  },
  reference: ([x, positions, cosine, sine], [y], { interleaved, inverse }) => {
    const [rowCount, heads, headSize] = x.shape
    const half = cosine.shape[1]
    y.data.set(x.data)
    for (let row = 0; row < rowCount; row++)
      for (let head = 0; head < heads; head++)
        for (let pair = 0; pair < half; pair++) {
          const start = (row * heads + head) * headSize
          const first = start + (interleaved ? 2 * pair : pair)
          const second = interleaved ? first + 1 : first + half
          const angle = positions.data[row] * half + pair
          const turn = inverse ? -sine.data[angle] : sine.data[angle]
          y.data[first] = x.data[first] * cosine.data[angle] - x.data[second] * turn
          y.data[second] = x.data[second] * cosine.data[angle] + x.data[first] * turn
        }
  },
  native: {
    kernel: "rope",
    storesBf16: [0],
    ints: ({ interleaved, inverse }) => [interleaved ? 1 : 0, inverse ? 1 : 0],
  },
})

/**
 * Turns pairs of features of each head by an angle that grows with the position (rotary position embedding).
 *
 *   (a, b) → (a·cos θ − b·sin θ, b·cos θ + a·sin θ)        θ from the tables at the row's position
 *
 * @shape   x          [rows, heads, headSize]   float32
 * @shape   positions  [rows]                    i32, below the tables' length
 * @shape   cosine     [positions, pairs]        float32; 2·pairs ≤ headSize, features beyond pass unchanged
 * @shape   sine       [positions, pairs]        float32
 * @shape   returns    [rows, heads, headSize]   float32
 * @param   interleaved  pairs are neighbours (2j, 2j+1); otherwise halves (j, j+pairs), as Hugging Face has them
 * @gradient x
 * @paper   Su et al. 2021, arXiv:2104.09864
 */
export function rope(
  x: TensorLike,
  positions: TensorLike,
  cosine: TensorLike,
  sine: TensorLike,
  { interleaved = false }: { interleaved?: boolean } = {},
): Tensor {
  return apply(ropeOp, [x, positions, cosine, sine], { interleaved, inverse: false })
}
