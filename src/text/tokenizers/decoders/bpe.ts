/** `BPEDecoder`: the mark of a word's end becomes a space, but for the last token's. */
import { z } from "zod"
import { bytesFromText } from "../byte-text.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Decoder } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("BPEDecoder"), suffix: z.string().default("</w>") })

export const bpeDecoder: PartDefinition<Decoder> = {
  type: "BPEDecoder",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const { suffix } = settings
    const decode = (token: string, mark: string) => (suffix === "" ? token : token.replaceAll(suffix, () => mark))
    return {
      bytesOf: (token) => bytesFromText(decode(token, " ")),
      follow() {
        let held: string | undefined
        return {
          push(token) {
            const before = held
            held = token
            return before === undefined ? [] : [decode(before, " ")]
          },
          end: () => (held === undefined ? [] : [decode(held, "")]),
        }
      },
      toJson: () => settings,
    }
  },
}
