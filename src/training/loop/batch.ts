/** What the loop eats: rows of tokens packed one sequence after another, and sources that can be put back in their place. */
import { IGNORED_TARGET } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"

/** One number a row in each; all of one length. Sequences lie one after another. */
export interface TrainingBatch {
  readonly tokens: Int32Array
  /** What each row is to predict, or IGNORED_TARGET. */
  readonly targets: Int32Array
  /** Place of each token in its sequence, from 0. */
  readonly positions: Int32Array
  /** The row of this batch at which the row's sequence begins. */
  readonly sequenceStart: Int32Array
}

/** Plain data that JSON keeps: saved with a checkpoint, given back on resume. */
export type SourcePosition = unknown

/** An endless source of batches. The same position gives the same batches from there on. */
export interface BatchSource {
  next(): TrainingBatch | Promise<TrainingBatch>
  /** Where the next batch begins. */
  position(): SourcePosition
  seek(position: SourcePosition): void | Promise<void>
}

/** Targets that count: those that are not IGNORED_TARGET. */
export function countTargets({ targets }: TrainingBatch): number {
  let count = 0
  for (const target of targets) if (target !== IGNORED_TARGET) count++
  return count
}

/**
 * A batch cut into runs of at most `rows` rows, in order, with sequence starts counted anew in each.
 *
 * @throws INPUT_INVALID when a cut would fall inside a sequence
 */
export function splitBatch(batch: TrainingBatch, rows: number): TrainingBatch[] {
  const total = batch.tokens.length
  const parts: TrainingBatch[] = []
  for (let start = 0; start < total; start += rows) {
    const end = Math.min(start + rows, total)
    if (batch.sequenceStart[start] !== start)
      throw new GlossaError("INPUT_INVALID", {
        where: `micro-batch from row ${start}`,
        wanted: "a sequence that begins there",
        came: `one that began at row ${batch.sequenceStart[start]}`,
        fix: "make the rows of a micro-batch a multiple of the context",
      })
    const sequenceStart = batch.sequenceStart.subarray(start, end)
    parts.push({
      tokens: batch.tokens.subarray(start, end),
      targets: batch.targets.subarray(start, end),
      positions: batch.positions.subarray(start, end),
      sequenceStart: start === 0 ? sequenceStart : sequenceStart.map((row) => row - start),
    })
  }
  return parts
}
