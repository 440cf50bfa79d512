/** `WordPiece`: a token with the prefix goes on with the word, any other begins one after a space. */
import { z } from "zod"
import { bytesFromText } from "../byte-text.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Decoder } from "./index.ts"

const settingsSchema = z.object({
  type: z.literal("WordPiece"),
  prefix: z.string().default("##"),
  cleanup: z.boolean().default(true),
})

export const wordPieceDecoder: PartDefinition<Decoder> = {
  type: "WordPiece",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const { prefix, cleanup } = settings
    return {
      bytesOf(token, isFirst) {
        let text = token
        if (!isFirst) text = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`
        return bytesFromText(cleanup ? cleanUp(text) : text)
      },
      toJson: () => settings,
    }
  },
}

const CLEAN_UPS: readonly (readonly [from: string, to: string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
]

/** English punctuation and contractions without the spaces that splitting put before them. */
export function cleanUp(text: string): string {
  return CLEAN_UPS.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text)
}
