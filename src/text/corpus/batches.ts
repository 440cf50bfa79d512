/**
 * Batches: windows of a token stream packed into rows without padding. A row is one token position; `sequenceStart`
 * says where its sequence begins, so attention never looks past it.
 */
import { GlossaError } from "../../errors.ts"
import type { TokenizedSplit } from "./tokenized.ts"

/** Target of a row from which nothing is to be learned; the engine's losses pass over it. */
export const IGNORED_TARGET = -1

/** Rows for one pass of a model; every array has one entry a row. */
export interface Batch {
  /** Token ids. */
  readonly tokens: Int32Array
  /** Id to predict at each row, or IGNORED_TARGET. */
  readonly targets: Int32Array
  /** Row at which the row's sequence begins. */
  readonly sequenceStart: Int32Array
  /** Place of the row in its sequence, from 0. */
  readonly positions: Int32Array
  /** Rows whose target is not ignored: the denominator of a mean loss. */
  readonly targetCount: number
}

export interface BatchOptions {
  /** Tokens a model sees at once; every sequence is at most this long. */
  readonly context: number
  /** Rows of a full batch; a multiple of `context`. */
  readonly rowsPerBatch: number
  /**
   * Whether a window is one sequence even where it spans documents. Default false: each document in it is a sequence
   * of its own, and its first token, which nothing before it announces, is nobody's target.
   */
  readonly crossDocuments?: boolean
}

/** A stretch of the stream: inputs from `start` to before `end`, each with the token after it as target. */
export interface Window {
  readonly start: number
  readonly end: number
  /** Targets before this index in the stream are ignored: they were counted in another window. */
  readonly countFrom: number
}

/** Packs windows into one batch, in order. */
export function packWindows(split: TokenizedSplit, windows: readonly Window[], crossDocuments: boolean): Batch {
  const rows = windows.reduce((sum, { start, end }) => sum + end - start, 0)
  const tokens = new Int32Array(rows)
  const targets = new Int32Array(rows)
  const sequenceStart = new Int32Array(rows)
  const positions = new Int32Array(rows)
  let targetCount = 0
  let row = 0
  for (const { start, end, countFrom } of windows) {
    let first = row
    /** The next document to begin after `at`. */
    let document = crossDocuments ? split.documentStarts.length : firstAfter(split.documentStarts, start)
    for (let at = start; at < end; at++, row++) {
      if (split.documentStarts[document] === at) {
        first = row
        document += 1
      }
      const isDocumentStart = split.documentStarts[document] === at + 1
      const counts = at + 1 >= countFrom && !isDocumentStart
      tokens[row] = split.tokens[at]
      targets[row] = counts ? split.tokens[at + 1] : IGNORED_TARGET
      sequenceStart[row] = first
      positions[row] = row - first
      if (counts) targetCount += 1
    }
  }
  return { tokens, targets, sequenceStart, positions, targetCount }
}

/** Index of the first entry of an ascending array that is greater than `value`. */
function firstAfter(ascending: Uint32Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle] > value) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * Checks the options every reader of batches shares.
 *
 * @throws RECIPE_INVALID when a size is no whole number above 0 or rows are no multiple of the context
 */
export function checkBatchOptions({ context, rowsPerBatch }: BatchOptions): void {
  for (const [where, value] of Object.entries({ context, rowsPerBatch })) {
    if (Number.isInteger(value) && value > 0) continue
    throw new GlossaError("RECIPE_INVALID", { where, wanted: "a whole number above 0", came: `${value}` })
  }
  if (rowsPerBatch % context !== 0) {
    throw new GlossaError("RECIPE_INVALID", {
      where: "rowsPerBatch",
      wanted: `a multiple of the context (${context})`,
      came: `${rowsPerBatch}`,
      fix: `use ${Math.max(1, Math.round(rowsPerBatch / context)) * context}`,
    })
  }
}

/** The error of a stream too short to fill one row of training. */
export function corpusTooShort(split: TokenizedSplit, needed: number): GlossaError {
  return new GlossaError("CORPUS_TOO_SHORT", {
    where: "corpus",
    wanted: `at least ${needed} tokens`,
    came: `${split.tokens.length} tokens from ${split.bytes} bytes of text`,
    fix: "add more text or use a shorter context",
  })
}
