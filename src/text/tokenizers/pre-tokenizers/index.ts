/** Pre-tokenizers: how text is cut into the pieces inside which a model works. */
import type { Part, PartDefinition } from "../parts.ts"
import { byteLevelPreTokenizer } from "./byte-level.ts"
import { digitsPreTokenizer } from "./digits.ts"
import { metaspacePreTokenizer } from "./metaspace.ts"
import { sequencePreTokenizer } from "./sequence.ts"
import { splitPreTokenizer } from "./split.ts"

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
}

/** Every pre-tokenizer that tokenizer.json may name, by type. */
export const PRE_TOKENIZERS: readonly PartDefinition<PreTokenizer>[] = [
  byteLevelPreTokenizer,
  digitsPreTokenizer,
  metaspacePreTokenizer,
  sequencePreTokenizer,
  splitPreTokenizer,
]
