/** Models: how one piece becomes ids. */
import type { PieceSteps } from "../explaining/piece-steps.ts"
import type { IdBuffer } from "../id-buffer.ts"
import type { Part, PartDefinition } from "../parts.ts"
import type { SubwordSampler } from "../subword-sampler.ts"
import { bpeModel } from "./bpe.ts"
import { unigramModel } from "./unigram.ts"
import { wordLevelModel } from "./word-level.ts"
import { wordPieceModel } from "./word-piece.ts"

/** Turns a piece, already spelled in the vocabulary's alphabet, into ids. */
export interface TokenizerModel extends Part {
  /** Every token and its id. */
  readonly vocabulary: ReadonlyMap<string, number>
  /**
   * Appends the ids of one piece to `ids`.
   *
   * @param sampler  chooses among the ways to cut the piece; absent for the best way
   * @throws TOKEN_UNKNOWN when the vocabulary cannot spell the piece and has no token for what is unknown
   */
  tokenize(piece: string, ids: IdBuffer, sampler?: SubwordSampler): void
  /** The same ids as a list, each with where it lies. */
  tokenizeSpans(piece: string, sampler?: SubwordSampler): TokenSpan[]
  /**
   * How `tokenize` comes to its ids.
   *
   * @param alternatives  how many of the next best ways to tell of, where a model weighs several
   */
  explain(piece: string, alternatives: number): PieceSteps
  /** Has tokens never made from text again, such as those that mark structure. Absent where they never are. */
  withhold?(ids: ReadonlySet<number>): void
  /** Id of the token for what the vocabulary cannot spell. */
  readonly unknownId?: number
}

/** One token of a piece. */
export interface TokenSpan {
  readonly id: number
  /** The vocabulary's spelling, or of unknown text the text itself where the model keeps it. */
  readonly token: string
  /** UTF-16 indices into the piece; of a token for one byte of a character, those of the character. */
  readonly start: number
  readonly end: number
}

/** Every model that tokenizer.json may name, by type. */
export const MODELS: readonly PartDefinition<TokenizerModel>[] = [
  bpeModel,
  unigramModel,
  wordLevelModel,
  wordPieceModel,
]
