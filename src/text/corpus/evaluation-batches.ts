/** Held-out text in order, every token once as target. */
import { GlossaError } from "../../errors.ts"
import {
  type Batch,
  type BatchOptions,
  checkBatchOptions,
  corpusTooShort,
  packWindows,
  type Window,
} from "./batches.ts"
import type { TokenizedSplit } from "./tokenized.ts"

export interface EvaluationOptions extends BatchOptions {
  /**
   * Tokens at the start of each window that are only read, having been targets of the window before; so every
   * target is predicted from at least that many tokens where there are any. Below `context`. Default 0.
   */
  readonly overlap?: number
}

/**
 * Batches over a whole split, in order. Every token is a target exactly once, but for those nothing comes before: the
 * first of the stream or, unless documents are crossed, of each document. The last batch is shorter.
 *
 * @throws CORPUS_TOO_SHORT when the split has fewer than two tokens
 * @throws RECIPE_INVALID when an option is out of range
 */
export function evaluationBatches(split: TokenizedSplit, options: EvaluationOptions): Generator<Batch> {
  checkBatchOptions(options)
  const { context, overlap = 0 } = options
  if (!Number.isInteger(overlap) || overlap < 0 || overlap >= context) {
    const wanted = `a whole number from 0 to ${context - 1}`
    throw new GlossaError("RECIPE_INVALID", { where: "overlap", wanted, came: `${overlap}` })
  }
  if (split.tokens.length < 2) throw corpusTooShort(split, 2)
  return batchesInOrder(split, options, overlap)
}

function* batchesInOrder(split: TokenizedSplit, options: BatchOptions, overlap: number): Generator<Batch> {
  const { context, rowsPerBatch, crossDocuments = false } = options
  const lastTarget = split.tokens.length - 1
  let windows: Window[] = []
  let counted = 0
  for (let start = 0; counted < lastTarget; start += context - overlap) {
    const end = Math.min(start + context, lastTarget)
    windows.push({ start, end, countFrom: counted + 1 })
    counted = end
    if (windows.length * context < rowsPerBatch) continue
    yield packWindows(split, windows, crossDocuments)
    windows = []
  }
  if (windows.length) yield packWindows(split, windows, crossDocuments)
}
