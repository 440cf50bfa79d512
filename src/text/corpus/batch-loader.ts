/**
 * The training loader: an endless, shuffled, resumable stream of batches. Each epoch cuts the token stream into windows
 * from a random offset and reads them in a random order, both functions of (seed, epoch) alone; so a position is three
 * numbers and resuming is exact.
 */
import { GlossaError } from "../../errors.ts"
import {
  type Batch,
  type BatchOptions,
  checkBatchOptions,
  corpusTooShort,
  packWindows,
  type Window,
} from "./batches.ts"
import { SeededRandom } from "./seeded-order.ts"
import type { TokenizedSplit } from "./tokenized.ts"

/** Where a loader stands; plain JSON. */
export interface LoaderPosition {
  readonly seed: number
  /** Full passes over the text so far. */
  readonly epoch: number
  /** Windows already given in this epoch. */
  readonly index: number
  /** Context the windows were cut for. */
  readonly context: number
  /** Tokens in the stream, so that a position is not used with other text. */
  readonly streamTokens: number
}

export interface BatchLoaderOptions extends BatchOptions {
  /** Whole number from 0; the same seed gives the same batches. */
  readonly seed: number
}

/**
 * Gives batches without end.
 *
 * @example
 * const loader = new BatchLoader(train, { context: 256, rowsPerBatch: 8192, seed: 1 })
 * const { tokens, targets, sequenceStart, positions } = loader.next()
 */
export class BatchLoader {
  readonly #split: TokenizedSplit
  readonly #options: BatchLoaderOptions
  #epoch = 0
  #index = 0
  /** First token of window 0 in this epoch. */
  #offset = 0
  #order: Uint32Array = new Uint32Array()

  /**
   * @throws CORPUS_TOO_SHORT when the split does not fill one window of `context` + 1 tokens
   * @throws RECIPE_INVALID when an option is out of range
   */
  constructor(split: TokenizedSplit, options: BatchLoaderOptions) {
    checkBatchOptions(options)
    if (!Number.isSafeInteger(options.seed) || options.seed < 0) {
      throw new GlossaError("RECIPE_INVALID", {
        where: "seed",
        wanted: "a whole number from 0",
        came: `${options.seed}`,
      })
    }
    if (split.tokens.length < options.context + 1) throw corpusTooShort(split, options.context + 1)
    this.#split = split
    this.#options = options
    this.#beginEpoch(0)
  }

  /**
   * A loader that goes on from `position` with the very batches the first one would have given.
   *
   * @throws CHECKPOINT_MISMATCH when the position belongs to other text or another context
   */
  static resume(split: TokenizedSplit, position: LoaderPosition, options: BatchOptions): BatchLoader {
    const loader = new BatchLoader(split, { ...options, seed: position.seed })
    const { epoch, index } = position
    const fits =
      position.context === options.context &&
      position.streamTokens === split.tokens.length &&
      Number.isSafeInteger(epoch) &&
      epoch >= 0
    if (fits) loader.#beginEpoch(epoch)
    if (!fits || !Number.isInteger(index) || index < 0 || index > loader.#order.length) {
      throw new GlossaError("CHECKPOINT_MISMATCH", {
        where: "loader position",
        wanted: `a place in ${split.tokens.length} tokens cut to a context of ${options.context}`,
        came: JSON.stringify(position),
        fix: "resume with the text, tokenizer and context the run began with",
      })
    }
    loader.#index = index
    return loader
  }

  /** Where the next batch begins. */
  position(): LoaderPosition {
    return {
      seed: this.#options.seed,
      epoch: this.#epoch,
      index: this.#index,
      context: this.#options.context,
      streamTokens: this.#split.tokens.length,
    }
  }

  /** The next batch: always `rowsPerBatch` rows, taken across the end of an epoch where need be. */
  next(): Batch {
    const { context, rowsPerBatch, crossDocuments = false } = this.#options
    const windows: Window[] = []
    for (let count = 0; count < rowsPerBatch / context; count++) {
      if (this.#index === this.#order.length) this.#beginEpoch(this.#epoch + 1)
      const start = this.#offset + this.#order[this.#index++] * context
      windows.push({ start, end: start + context, countFrom: start })
    }
    return packWindows(this.#split, windows, crossDocuments)
  }

  #beginEpoch(epoch: number): void {
    const { context, seed } = this.#options
    const random = new SeededRandom(seed, epoch)
    const lastTarget = this.#split.tokens.length - 1
    this.#offset = random.below(Math.min(context, lastTarget - context + 1))
    this.#order = random.permutation(Math.floor((lastTarget - this.#offset) / context))
    this.#epoch = epoch
    this.#index = 0
  }
}
