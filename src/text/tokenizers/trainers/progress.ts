/** How far training is. */
export interface TrainingProgress {
  /** First pieces are counted; then pairs are merged (BPE, WordPiece) or too large a vocabulary is pruned (Unigram). */
  readonly stage: "count" | "merge" | "prune"
  /** Documents counted, pieces learned, or pieces pruned. */
  readonly done: number
  /** Pieces to learn or to prune; unknown while counting. */
  readonly total: number | undefined
}

/** What counting found, and what a bound on memory left out. */
export interface CountSummary {
  readonly documents: number
  /** Distinct pieces that are learned from. */
  readonly pieces: number
  /** How often those were met. */
  readonly occurrences: number
  /** Distinct pieces left out: all that were met less than `leastCount` times. */
  readonly leftOutPieces: number
  readonly leftOutOccurrences: number
  /** 1 when nothing was left out. */
  readonly leastCount: number
}
