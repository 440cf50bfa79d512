import { applyAll, asTensor, constant, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { formatShape } from "../tensor/index.ts"
import { broadcast } from "./broadcast.ts"
import { concatenate } from "./concatenate.ts"
import { slice } from "./slice.ts"

export const splitOp = defineOp<{ readonly sizes: readonly number[] }>({
  name: "split",
  inputs: ["x"],
  outputs: ([{ shape, dtype }], { sizes }, fault) => {
    const total = sizes.reduce((sum, size) => sum + size, 0)
    if (shape.length !== 2 || shape[1] !== total || sizes.length === 0)
      fault(`a matrix of ${sizes.join(" + ")} columns instead of ${formatShape(shape)}`)
    return sizes.map((size) => ({ shape: [shape[0], size], dtype }))
  },
  gradient: ({ outputs, outputGradients }) => {
    if (outputGradients.every((dy) => dy === undefined)) return []
    const zero = () => constant(Float32Array.of(0), [])
    return [
      concatenate(
        outputs.map(({ shape }, index) => outputGradients[index] ?? broadcast(zero(), shape)),
        1,
      ),
    ]
  },
  operations: () => 0,
  traits: { window: true },
  reference: ([x], parts) => {
    const [rowCount, width] = x.shape
    let start = 0
    for (const part of parts) {
      const size = part.shape[1]
      for (let row = 0; row < rowCount; row++)
        part.data.set(x.data.subarray(row * width + start, row * width + start + size), row * size)
      start += size
    }
  },
  lower: ([x], { sizes }) => {
    let start = 0
    return sizes.map((size) => {
      start += size
      return slice(x, 1, start - size, size)
    })
  },
})

/**
 * The columns of a matrix in groups, one behind the other. Costs nothing where its readers keep the rows apart.
 *
 * @shape   x        [rows, Σ sizes]    float32 | bfloat16
 * @shape   returns  [rows, sizesᵢ] …   dtype of x
 * @gradient x
 * @throws  SHAPE_MISMATCH when the sizes do not add up to the columns of x
 */
export function split(x: TensorLike, sizes: readonly number[]): readonly Tensor[] {
  return applyAll(splitOp, [asTensor(x)], { sizes })
}
