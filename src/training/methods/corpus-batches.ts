/** A tokenized corpus as the loop wants it: endless shuffled batches to learn from, ordered ones to be measured on. */
import {
  BatchLoader,
  type BatchOptions,
  evaluationBatches,
  type LoaderPosition,
  type TokenizedSplit,
} from "../../text/index.ts"
import type { BatchSource, HeldOut, SourcePosition, TrainingBatch } from "../loop/index.ts"

/**
 * Shuffled batches without end; the seed decides their order.
 *
 * @throws CORPUS_TOO_SHORT, RECIPE_INVALID as the loader does
 */
export class CorpusBatches implements BatchSource {
  private loader: BatchLoader
  private readonly split: TokenizedSplit
  private readonly options: BatchOptions

  constructor(split: TokenizedSplit, options: BatchOptions & { readonly seed: number }) {
    this.split = split
    this.options = options
    this.loader = new BatchLoader(split, options)
  }
  next(): TrainingBatch {
    return this.loader.next()
  }
  position(): SourcePosition {
    return this.loader.position()
  }
  /** @throws CHECKPOINT_MISMATCH when the position belongs to other text or another context */
  seek(position: SourcePosition): void {
    this.loader = BatchLoader.resume(this.split, position as LoaderPosition, this.options)
  }
}

/** A held-out split, measured in its own order. */
export function heldOutBatches(split: TokenizedSplit, options: BatchOptions): HeldOut {
  return { batches: () => evaluationBatches(split, options), bytes: split.bytes }
}
