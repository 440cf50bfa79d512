/** `CTC`: what speech recognisers say: a token said again at once counts once, and the one for silence is left out. */
import { z } from "zod"
import { bytesFromText } from "../byte-text.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Decoder } from "./index.ts"
import { cleanUp } from "./word-piece.ts"

const settingsSchema = z.object({
  type: z.literal("CTC"),
  pad_token: z.string().default("<pad>"),
  word_delimiter_token: z.string().default("|"),
  cleanup: z.boolean().default(true),
})

export const ctcDecoder: PartDefinition<Decoder> = {
  type: "CTC",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const { pad_token: silence, word_delimiter_token: delimiter, cleanup } = settings
    const decode = (token: string) => {
      const said = silence === "" ? token : token.replaceAll(silence, "")
      if (!cleanup) return said
      return delimiter === "" ? cleanUp(said) : cleanUp(said).replaceAll(delimiter, " ")
    }
    return {
      bytesOf: (token) => bytesFromText(decode(token)),
      follow() {
        let last: string | undefined
        return {
          push(token) {
            if (token === last) return []
            last = token
            const said = decode(token)
            return said === "" ? [] : [said]
          },
          end: () => [],
        }
      },
      toJson: () => settings,
    }
  },
}
