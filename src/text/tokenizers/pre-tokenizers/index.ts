/** Pre-tokenizers: how text is cut into the pieces inside which a model works. */
import type { AlignedText } from "../aligned-text.ts"
import type { Part, PartDefinition } from "../parts.ts"
import type { PieceScanner } from "../piece-scanners.ts"
import { bertPreTokenizer } from "./bert.ts"
import { byteLevelPreTokenizer } from "./byte-level.ts"
import { charDelimiterSplitPreTokenizer } from "./char-delimiter-split.ts"
import { digitsPreTokenizer } from "./digits.ts"
import { fixedLengthPreTokenizer } from "./fixed-length.ts"
import { metaspacePreTokenizer } from "./metaspace.ts"
import { punctuationPreTokenizer } from "./punctuation.ts"
import { sequencePreTokenizer } from "./sequence.ts"
import { splitPreTokenizer } from "./split.ts"
import { unicodeScriptsPreTokenizer } from "./unicode-scripts.ts"
import { whitespacePreTokenizer, whitespaceSplitPreTokenizer } from "./whitespace.ts"

/** Cuts text into pieces, then respells each piece in the model's alphabet. */
export interface PreTokenizer extends Part {
  /**
   * The pieces of `text`, in order; none is empty.
   *
   * @param isFirst  whether `text` stands at the start of what is encoded; only some pre-tokenizers ask
   */
  split(text: string, isFirst: boolean): string[]
  /**
   * The piece in the alphabet of the model's vocabulary; absent where pieces are left as they are. Kept apart from
   * `split` so that a piece met before is looked up under its plain form and never respelled.
   */
  spell?(piece: string): string
  /** The pieces, spelled, each with its place in the original. */
  splitAligned(text: AlignedText): AlignedText[]
  /** Does what `split` does where pieces are neighbours and leave nothing out; absent where they may not be. */
  readonly scan?: PieceScanner
  /** Whether `split` asks `isFirst`. */
  readonly asksFirst?: boolean
  /**
   * Whether `split` knows from `isFirst` alone which of several steps stand at the start. Where it does not, only
   * `splitAligned` is exact.
   */
  readonly needsPlaces?: boolean
}

/** Every pre-tokenizer that tokenizer.json may name, by type. */
export const PRE_TOKENIZERS: readonly PartDefinition<PreTokenizer>[] = [
  bertPreTokenizer,
  byteLevelPreTokenizer,
  charDelimiterSplitPreTokenizer,
  digitsPreTokenizer,
  fixedLengthPreTokenizer,
  metaspacePreTokenizer,
  punctuationPreTokenizer,
  sequencePreTokenizer,
  splitPreTokenizer,
  unicodeScriptsPreTokenizer,
  whitespacePreTokenizer,
  whitespaceSplitPreTokenizer,
]
