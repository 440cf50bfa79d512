/** `Lowercase`: every character by itself, so that a capital sigma becomes σ wherever it stands. */
import type { AlignedText } from "../aligned-text.ts"
import type { PartDefinition } from "../parts.ts"
import type { Normalizer } from "./index.ts"

/** The lower case of each character. JavaScript alone looks at what is around a sigma. */
export function lowercase(text: string): string {
  return (text.includes("Σ") ? text.replaceAll("Σ", "σ") : text).toLowerCase()
}

/** As `lowercase`, keeping where each character came from. */
export function lowercaseAligned(text: AlignedText): AlignedText {
  return text.rewriteCharacters(lowercase)
}

export const lowercaseNormalizer: PartDefinition<Normalizer> = {
  type: "Lowercase",
  build: () => ({
    normalize: lowercase,
    normalizeAligned: lowercaseAligned,
    toJson: () => ({ type: "Lowercase" }),
  }),
}
