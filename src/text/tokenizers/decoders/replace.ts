/** `Replace`: puts a text in the place of everything that a pattern or a literal text matches in a token. */
import { bytesFromText } from "../byte-text.ts"
import type { PartDefinition } from "../parts.ts"
import { replacement } from "../replacement.ts"
import type { Decoder } from "./index.ts"

export const replaceDecoder: PartDefinition<Decoder> = {
  type: "Replace",
  build(json, where) {
    const { settings, replace } = replacement(json, where)
    const bytesOf = (token: string): Uint8Array => bytesFromText(replace(token))
    // A single character never lies across two tokens.
    const isCharacter = "String" in settings.pattern && [...settings.pattern.String].length === 1
    return { bytesOf, ...(isCharacter ? { bytesOfStretch: bytesOf } : {}), toJson: () => settings }
  },
}
