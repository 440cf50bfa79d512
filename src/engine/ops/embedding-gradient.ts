import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements } from "../tensor/index.ts"

export const embeddingGradientOp = defineOp<{ readonly vocabularySize: number }>({
  name: "embeddingGradient",
  inputs: ["ids", "dy", "accumulator?"],
  outputs: ([, dy], { vocabularySize }) => [{ shape: [vocabularySize, dy.shape[1]], dtype: "f32" }],
  gradient: { none: "second derivatives of tables are not written" },
  operations: ([, dy]) => maximumElements(dy.shape),
  traits: {
    accumulators: [2],
    indexRanges: [{ input: 0, minimum: 0, limit: () => Number.POSITIVE_INFINITY }],
  },
  reference: ([ids, dy, accumulator], [dTable]) => {
    const width = dy.shape[1]
    if (accumulator) dTable.data.set(accumulator.data)
    else dTable.data.fill(0)
    ids.data.forEach((id, row) => {
      for (let column = 0; column < width; column++) dTable.data[id * width + column] += dy.data[row * width + column]
    })
  },
  native: { kernel: "embeddingGradient" },
})

/**
 * The gradient of a table whose rows were looked up.
 *
 *   dTable[id] = Σ dy[row] over the rows with that id, in ascending order
 *
 * @shape   ids      [rows]           i32, 0 to vocabularySize − 1
 * @shape   dy       [rows, width]    float32
 * @shape   returns  [vocab, width]   float32
 */
export function embeddingGradient(ids: TensorLike, dy: TensorLike, vocabularySize: number): Tensor {
  return apply(embeddingGradientOp, [ids, dy], { vocabularySize })
}
