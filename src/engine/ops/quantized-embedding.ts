import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { isBlockDType, maximumSize } from "../tensor/index.ts"
import { NO_BLOCK_GRADIENT } from "./quantized-matmul.ts"

export const quantizedEmbeddingOp = defineOp({
  name: "quantizedEmbedding",
  inputs: ["table", "ids"],
  outputs: ([table, ids], _, fault) => {
    if (table.shape.length !== 2 || ids.shape.length !== 1) fault("a table [vocab, width] and ids [rows]")
    if (!isBlockDType(table.dtype) || ids.dtype !== "i32")
      fault("a table of q8_0 or q4_0 and i32 ids", "DTYPE_MISMATCH")
    return [{ shape: [ids.shape[0], table.shape[1]], dtype: "f32" }]
  },
  gradient: { none: NO_BLOCK_GRADIENT },
  operations: () => 0,
  traits: {
    blockWeights: [0],
    indexRanges: [{ input: 1, minimum: 0, limit: ([table]) => maximumSize(table.shape[0]) }],
  },
  reference: ([table, ids], [y]) => {
    const width = table.shape[1]
    ids.data.forEach((id, row) => {
      y.data.set(table.data.subarray(id * width, (id + 1) * width), row * width)
    })
  },
  native: { kernel: "quantizedEmbedding" },
})

/**
 * The rows of a table in blocks that ids name, as float32, which holds them exactly.
 *
 * @shape   table    [vocab, width]   q8_0 | q4_0
 * @shape   ids      [rows]           i32, 0 to vocab − 1
 * @shape   returns  [rows, width]    float32
 * @throws  INPUT_INVALID when run with an id outside the table
 */
export function quantizedEmbedding(table: TensorLike, ids: TensorLike): Tensor {
  return apply(quantizedEmbeddingOp, [table, ids], {})
}
