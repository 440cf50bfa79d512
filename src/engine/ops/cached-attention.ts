import { apply, asTensor, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumSize, sameShape } from "../tensor/index.ts"
import { attendOne, firstVisible, type ScoreAttributes } from "./attention.ts"
import { CACHE_PAGE } from "./cache-write.ts"
import { round } from "./round.ts"

export const cachedAttentionOp = defineOp<ScoreAttributes>({
  name: "cachedAttention",
  inputs: ["queries", "keyPages", "valuePages", "sequences", "positions", "blockTable"],
  outputs: ([queries, keyPages, valuePages, sequences, positions, blockTable], _, fault) => {
    if (queries.shape.length !== 3) fault("queries of shape [rows, heads, headSize]")
    if (keyPages.shape.length !== 4 || !sameShape(keyPages.shape, valuePages.shape))
      fault("pages of shape [pages, kvHeads, 64, headSize]")
    const [, kvHeads, page, headSize] = keyPages.shape.map(maximumSize)
    if (page !== CACHE_PAGE || headSize !== queries.shape[2])
      fault(`pages of ${CACHE_PAGE} positions, of one head size`)
    if (maximumSize(queries.shape[1]) % kvHeads !== 0) fault("a query head count that key heads divide")
    if (queries.dtype !== keyPages.dtype || keyPages.dtype !== valuePages.dtype) fault("one dtype", "DTYPE_MISMATCH")
    for (const { shape, dtype } of [sequences, positions])
      if (dtype !== "i32" || !sameShape(shape, queries.shape.slice(0, 1))) fault("one i32 sequence and position a row")
    if (blockTable.dtype !== "i32" || blockTable.shape.length !== 2) fault("an i32 block table [sequences, blocks]")
    return [{ shape: queries.shape, dtype: "f32" }]
  },
  gradient: { none: "a cache holds numbers of earlier runs" },
  operations: ([{ shape }, , , , , table]) =>
    4 *
    maximumSize(shape[0]) *
    maximumSize(shape[1]) *
    maximumSize(shape[2]) *
    maximumSize(table.shape[1]) *
    CACHE_PAGE,
  traits: {
    indexRanges: [
      { input: 3, minimum: 0, limit: (types) => maximumSize(types[5].shape[0]) },
      { input: 4, minimum: 0, limit: (types) => maximumSize(types[5].shape[1]) * CACHE_PAGE },
      { input: 5, minimum: 0, limit: (types) => maximumSize(types[1].shape[0]) },
    ],
  },
  reference: ([queries, keyPages, valuePages, sequences, positions, blockTable], [y], { scale, window }) => {
    const [rowCount, heads, headSize] = queries.shape
    const kvHeads = keyPages.shape[1]
    const blocks = blockTable.shape[1]
    for (let row = 0; row < rowCount; row++) {
      const first = firstVisible(positions.data[row], 0, window)
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor((head * kvHeads) / heads)
        const placeOf = (index: number): number => {
          const position = first + index
          const page = blockTable.data[sequences.data[row] * blocks + Math.floor(position / CACHE_PAGE)]
          return ((page * kvHeads + kvHead) * CACHE_PAGE + (position % CACHE_PAGE)) * headSize
        }
        const start = (row * heads + head) * headSize
        const query = queries.data.subarray(start, start + headSize)
        const count = positions.data[row] - first + 1
        y.data.set(attendOne(query, count, placeOf, keyPages, valuePages, scale).y, start)
      }
    }
  },
  native: { kernel: "cachedAttention", ints: ({ window }) => [window], floats: ({ scale }) => [scale] },
})

/**
 * Causal attention of each row over the cached positions of its sequence, its own position included: the same
 * arithmetic, and so the same bits, as `attention` over the whole sequence.
 *
 * @shape   queries     [rows, heads, headSize]            float32, rounded where the pages are bfloat16
 * @shape   keyPages    [pages, kvHeads, 64, headSize]     float32 | bfloat16
 * @shape   valuePages  [pages, kvHeads, 64, headSize]     same
 * @shape   sequences   [rows]                             i32: which sequence a row belongs to
 * @shape   positions   [rows]                             i32: its position there, from 0
 * @shape   blockTable  [sequences, blocks]                i32: the page that holds positions 64·b to 64·b + 63
 * @shape   returns     [rows, heads, headSize]            float32
 * @param   scale, window  as in `attention`
 * @paper   Kwon et al. 2023, arXiv:2309.06180
 */
export function cachedAttention(
  queries: TensorLike,
  cache: { readonly keyPages: TensorLike; readonly valuePages: TensorLike },
  rows: { readonly sequences: TensorLike; readonly positions: TensorLike; readonly blockTable: TensorLike },
  { scale, window = 0 }: { scale: number; window?: number },
): Tensor {
  const keyPages = asTensor(cache.keyPages)
  const exact = asTensor(queries)
  // The pages decide, not the policy: a query meets keys of its own kind, as in `attention`.
  const met = keyPages.dtype === "bf16" && exact.dtype === "f32" ? round(exact) : exact
  const inputs = [met, keyPages, cache.valuePages, rows.sequences, rows.positions, rows.blockTable]
  return apply(cachedAttentionOp, inputs, { scale, window })
}
