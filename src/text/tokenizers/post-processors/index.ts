/** Post-processors: the special tokens put around a text's ids. */
import { type Encoding, fixedEncoding, joinEncodings } from "../encoding.ts"
import type { Part, PartDefinition } from "../parts.ts"
import { bertPostProcessor, robertaPostProcessor } from "./bert.ts"
import { byteLevelPostProcessor } from "./byte-level.ts"
import { sequencePostProcessor } from "./sequence.ts"
import { templatePostProcessor } from "./template.ts"

/** Adds special tokens to the encodings of one text or of two, and sets type ids. */
export interface PostProcessor extends Part {
  /** The ids of `processEncodings` with special tokens, given so that ids alone can be had fast. */
  processIds(texts: readonly (readonly number[])[]): readonly (readonly number[])[]
  /** How many tokens it adds, so that truncation leaves room for them. */
  added(isPair: boolean): number
  /** The encodings, in the order in which they are then joined. */
  processEncodings(encodings: readonly Encoding[], addSpecialTokens: boolean): readonly Encoding[]
}

/** Every post-processor that tokenizer.json may name, by type. */
export const POST_PROCESSORS: readonly PartDefinition<PostProcessor>[] = [
  bertPostProcessor,
  byteLevelPostProcessor,
  robertaPostProcessor,
  sequencePostProcessor,
  templatePostProcessor,
]

/** One encoding of one text or two, with or without a post-processor. Without one, type ids stay those of the texts. */
export function postProcess(
  encodings: readonly Encoding[],
  processor: PostProcessor | undefined,
  addSpecialTokens: boolean,
): Encoding {
  const processed = processor ? processor.processEncodings(encodings, addSpecialTokens) : encodings
  return processed.length === 1 ? processed[0] : processed.reduce(joinEncodings, fixedEncoding([]))
}
