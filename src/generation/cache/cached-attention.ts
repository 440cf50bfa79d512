/** Attention as generation does it: this run's keys and values join the cache, then every row looks back over it. */
import { cachedAttention, cacheWrite, round, type StateUpdate, type Tensor } from "../../engine/index.ts"
import type { AttentionContext } from "../../models/index.ts"
import type { KeyValueCache } from "./key-value-cache.ts"

/** Where each row of a run stands. */
export interface CachedRows {
  /** Place in the cache that the row's key and value are written to: page · 64 + place in the page. */
  readonly slots: Tensor
  /** Row of the block table. */
  readonly sequences: Tensor
  /** Position in the sequence, from 0. */
  readonly positions: Tensor
  /** The pages of each sequence. */
  readonly blockTable: Tensor
}

export interface CachedAttentionContext extends AttentionContext {
  /** The grown pools, one pair a layer that attended: hand them to the program. */
  readonly updates: readonly StateUpdate[]
}

/**
 * The attention of a run over a paged cache. Keys and values are rounded exactly where training rounds them, so a row's
 * result has the same bits as in the packed form, whatever chunk it came in.
 *
 * @shape slots, sequences, positions  [rows]                i32
 * @shape blockTable                   [sequences, blocks]   i32
 */
export function cachedAttentionContext(cache: KeyValueCache, rows: CachedRows): CachedAttentionContext {
  const updates: StateUpdate[] = []
  const kept = (x: Tensor): Tensor => (cache.precision === "bf16" ? round(x) : x)
  return {
    updates,
    attend(layerIndex, queries, keys, values, settings) {
      const layer = cache.layer(layerIndex)
      const keyPages = cacheWrite(layer.keyPages, kept(keys), rows.slots)
      const valuePages = cacheWrite(layer.valuePages, kept(values), rows.slots)
      updates.push({ state: layer.keyPages, value: keyPages }, { state: layer.valuePages, value: valuePages })
      return cachedAttention(queries, { keyPages, valuePages }, rows, settings)
    },
  }
}
