/** `StripAccents`: takes combining marks out. Accented letters must be taken apart first, by NFD or NFKD. */
import type { PartDefinition } from "../parts.ts"
import type { Normalizer } from "./index.ts"

const MARKS = /\p{M}+/gu
const MARK = /^\p{M}/u

export const stripAccentsNormalizer: PartDefinition<Normalizer> = {
  type: "StripAccents",
  build: () => ({
    normalize: (text) => text.replace(MARKS, ""),
    normalizeAligned: (text) => text.filter((character) => !MARK.test(character)),
    toJson: () => ({ type: "StripAccents" }),
  }),
}
