/** Normalizers: what happens to text before it is cut. None is the lossless choice. */
import type { AlignedText } from "../aligned-text.ts"
import type { Part, PartDefinition } from "../parts.ts"
import { bertNormalizer } from "./bert.ts"
import { byteLevelNormalizer } from "./byte-level.ts"
import { lowercaseNormalizer } from "./lowercase.ts"
import { nmtNormalizer } from "./nmt.ts"
import { precompiledNormalizer } from "./precompiled.ts"
import { prependNormalizer } from "./prepend.ts"
import { replaceNormalizer } from "./replace.ts"
import { sequenceNormalizer } from "./sequence.ts"
import { stripNormalizer } from "./strip.ts"
import { stripAccentsNormalizer } from "./strip-accents.ts"
import { nfcNormalizer, nfdNormalizer, nfkcNormalizer, nfkdNormalizer } from "./unicode-forms.ts"

/** Rewrites text before it is cut into pieces. */
export interface Normalizer extends Part {
  normalize(text: string): string
  /** As `normalize`, keeping where each character came from. */
  normalizeAligned(text: AlignedText): AlignedText
}

/** Every normalizer that tokenizer.json may name, by type. */
export const NORMALIZERS: readonly PartDefinition<Normalizer>[] = [
  bertNormalizer,
  byteLevelNormalizer,
  lowercaseNormalizer,
  nfcNormalizer,
  nfdNormalizer,
  nfkcNormalizer,
  nfkdNormalizer,
  nmtNormalizer,
  precompiledNormalizer,
  prependNormalizer,
  replaceNormalizer,
  sequenceNormalizer,
  stripNormalizer,
  stripAccentsNormalizer,
]
