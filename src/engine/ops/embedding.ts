import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumSize } from "../tensor/index.ts"
import { embeddingGradient } from "./embedding-gradient.ts"

export const embeddingOp = defineOp({
  name: "embedding",
  inputs: ["table", "ids"],
  outputs: ([table, ids], _, fault) => {
    if (table.shape.length !== 2 || ids.shape.length !== 1) fault("a table [vocab, width] and ids [rows]")
    if (ids.dtype !== "i32") fault("i32 ids", "DTYPE_MISMATCH")
    return [{ shape: [ids.shape[0], table.shape[1]], dtype: "f32" }]
  },
  gradient: ({ inputs: [table, ids], outputGradients: [dy] }) => [
    dy && embeddingGradient(ids, dy, maximumSize(table.shape[0])),
  ],
  operations: () => 0,
  traits: { indexRanges: [{ input: 1, minimum: 0, limit: ([table]) => maximumSize(table.shape[0]) }] },
  reference: ([table, ids], [y]) => {
    const width = table.shape[1]
    ids.data.forEach((id, row) => {
      y.data.set(table.data.subarray(id * width, (id + 1) * width), row * width)
    })
  },
  native: { kernel: "embedding" },
})

/**
 * The rows of a table that ids name.
 *
 * @shape   table    [vocab, width]   float32
 * @shape   ids      [rows]           i32, 0 to vocab − 1
 * @shape   returns  [rows, width]    float32
 * @gradient table
 * @throws  INPUT_INVALID when run with an id outside the table
 */
export function embedding(table: TensorLike, ids: TensorLike): Tensor {
  return apply(embeddingOp, [table, ids], {})
}
