/** `ByteLevel`: reads GPT-2's spelling of bytes back. */
import { z } from "zod"
import { unspellBytes } from "../byte-alphabet.ts"
import { bytesFromText } from "../byte-text.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Decoder } from "./index.ts"

const settingsSchema = z.object({
  type: z.literal("ByteLevel"),
  add_prefix_space: z.boolean().default(true),
  trim_offsets: z.boolean().default(true),
  use_regex: z.boolean().default(true),
})

export const byteLevelDecoder: PartDefinition<Decoder> = {
  type: "ByteLevel",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    return {
      bytesOf: (token) => unspellBytes(token) ?? bytesFromText(token),
      spellsBytes: true,
      toJson: () => settings,
    }
  },
}
