/** Heads: the same row seen as one vector or as several. Both ways cost nothing. */
import { reshape, type Tensor } from "../../engine/index.ts"

/** @shape x [rows, heads · headSize], returns [rows, heads, headSize] */
export function splitHeads(x: Tensor, heads: number): Tensor {
  return reshape(x, [x.size(0), heads, (x.size(1) as number) / heads])
}

/** @shape x [rows, heads, headSize], returns [rows, heads · headSize] */
export function joinHeads(x: Tensor): Tensor {
  return reshape(x, [x.size(0), (x.size(1) as number) * (x.size(2) as number)])
}
