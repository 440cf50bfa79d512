import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumSize, sameDimension } from "../tensor/index.ts"

/** Positions in one page of a key-value cache: one block of attention. */
export const CACHE_PAGE = 64

export const cacheWriteOp = defineOp({
  name: "cacheWrite",
  inputs: ["pages", "x", "slots"],
  outputs: ([pages, x, slots], _, fault) => {
    if (pages.shape.length !== 4 || x.shape.length !== 3) fault("pages [pages, kvHeads, 64, headSize] and x of 3 axes")
    if (pages.dtype !== x.dtype) fault("pages and x of one dtype", "DTYPE_MISMATCH")
    const fits = sameDimension(pages.shape[1], x.shape[1]) && sameDimension(pages.shape[3], x.shape[2])
    if (!fits) fault("x of the pages' heads and head size")
    if (slots.dtype !== "i32" || !sameDimension(slots.shape[0], x.shape[0])) fault("one i32 slot a row")
    return [pages]
  },
  gradient: { none: "a cache holds numbers of earlier runs" },
  operations: () => 0,
  traits: {
    mayReuse: [[0, 0]],
    indexRanges: [{ input: 2, minimum: -1, limit: ([pages]) => maximumSize(pages.shape[0]) * CACHE_PAGE }],
  },
  reference: ([pages, x, slots], [y]) => {
    const [, kvHeads, , headSize] = pages.shape
    if (y.data !== pages.data) y.data.set(pages.data)
    slots.data.forEach((slot, row) => {
      if (slot < 0) return
      const page = Math.floor(slot / CACHE_PAGE)
      for (let head = 0; head < kvHeads; head++) {
        const from = (row * kvHeads + head) * headSize
        const to = ((page * kvHeads + head) * CACHE_PAGE + (slot % CACHE_PAGE)) * headSize
        y.data.set(x.data.subarray(from, from + headSize), to)
      }
    })
  },
  native: { kernel: "cacheWrite" },
})

/**
 * The cache with one position of each row written: slot = page · 64 + place in the page; −1 writes nothing.
 *
 * @shape   pages    [pages, kvHeads, 64, headSize]   float32 | bfloat16
 * @shape   x        [rows, kvHeads, headSize]        same dtype
 * @shape   slots    [rows]                           i32, each slot at most once
 * @shape   returns  [pages, kvHeads, 64, headSize]   same dtype; over `pages` itself when it is a state being updated
 */
export function cacheWrite(pages: TensorLike, x: TensorLike, slots: TensorLike): Tensor {
  return apply(cacheWriteOp, [pages, x, slots], {})
}
