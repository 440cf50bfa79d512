/** The keys and values of every layer at every cached position: two page pools a layer, and who has which page. */
import { CACHE_PAGE, type Executor, type Precision, type State, Store } from "../../engine/index.ts"
import type { ModelDescription } from "../../models/index.ts"
import { PageAllocator } from "./page-allocator.ts"
import { SequencePages } from "./sequence-pages.ts"

/** The pools of one layer. */
export interface LayerPages {
  readonly keyPages: State
  readonly valuePages: State
}

export interface KeyValueCacheOptions {
  readonly executor: Executor
  /** What the model's products are made of; the pages hold numbers of that kind. */
  readonly precision: Precision
  /** Pages of 64 positions, shared by all sequences. */
  readonly pages: number
}

/**
 * A paged key-value cache. Page p of a sequence is page p of every layer, so one block table serves all of them.
 *
 * @shape keyPages, valuePages  [pages, kvHeads, 64, headSize]   bfloat16 under the bf16 policy, else float32
 */
export class KeyValueCache {
  readonly allocator: PageAllocator
  readonly precision: Precision
  private readonly store: Store
  private readonly layers: readonly LayerPages[]

  constructor({ layers, kvHeads, headSize }: ModelDescription, { executor, precision, pages }: KeyValueCacheOptions) {
    this.store = new Store(executor)
    this.precision = precision
    this.allocator = new PageAllocator(pages)
    const pool = (path: string): State =>
      this.store.create(path, [pages, kvHeads, CACHE_PAGE, headSize], { dtype: precision, transient: true })
    this.layers = Array.from({ length: layers }, (_, index) => ({
      keyPages: pool(`cache.layers.${index}.keys`),
      valuePages: pool(`cache.layers.${index}.values`),
    }))
  }

  /** The pools of layer `layerIndex`. */
  layer(layerIndex: number): LayerPages {
    return this.layers[layerIndex]
  }

  /** An empty sequence, ready to reserve pages. */
  openSequence(): SequencePages {
    return new SequencePages(this.allocator)
  }

  /** Bytes of all pools. */
  get bytes(): number {
    return this.store.bytes
  }

  dispose(): void {
    this.store.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Bytes that one page takes in all layers together. */
export function pageBytes({ layers, kvHeads, headSize }: ModelDescription, precision: Precision): number {
  return 2 * layers * kvHeads * CACHE_PAGE * headSize * (precision === "bf16" ? 2 : 4)
}
