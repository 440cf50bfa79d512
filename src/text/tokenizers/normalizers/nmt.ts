/** `Nmt`: takes control characters out and makes spaces of other white space and of marks without width. */
import type { PartDefinition } from "../parts.ts"
import type { Normalizer } from "./index.ts"

const REMOVED = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/gu
const SPACES = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/gu

export const nmtNormalizer: PartDefinition<Normalizer> = {
  type: "Nmt",
  build: () => ({
    normalize: (text) => text.replace(REMOVED, "").replace(SPACES, " "),
    normalizeAligned: (text) =>
      text
        .filter((character) => character.search(REMOVED) < 0)
        .rewriteCharacters((character) => (character.search(SPACES) < 0 ? character : " ")),
    toJson: () => ({ type: "Nmt" }),
  }),
}
