/** Normalizers: what happens to text before it is cut. None is the lossless choice. */
import type { Part, PartDefinition } from "../parts.ts"
import { prependNormalizer } from "./prepend.ts"
import { replaceNormalizer } from "./replace.ts"
import { sequenceNormalizer } from "./sequence.ts"
import { nfcNormalizer, nfdNormalizer, nfkcNormalizer, nfkdNormalizer } from "./unicode-forms.ts"

/** Rewrites text before it is cut into pieces. */
export interface Normalizer extends Part {
  normalize(text: string): string
}

/** Every normalizer that tokenizer.json may name, by type. */
export const NORMALIZERS: readonly PartDefinition<Normalizer>[] = [
  nfcNormalizer,
  nfdNormalizer,
  nfkcNormalizer,
  nfkdNormalizer,
  prependNormalizer,
  replaceNormalizer,
  sequenceNormalizer,
]
