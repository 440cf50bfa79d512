/** `ByteLevel`: spells the text's bytes in GPT-2's alphabet, before it is cut. */
import { spellAligned, spellBytes } from "../byte-alphabet.ts"
import type { PartDefinition } from "../parts.ts"
import type { Normalizer } from "./index.ts"

export const byteLevelNormalizer: PartDefinition<Normalizer> = {
  type: "ByteLevel",
  build: () => ({
    normalize: spellBytes,
    normalizeAligned: spellAligned,
    toJson: () => ({ type: "ByteLevel" }),
  }),
}
