/** `Fuse`: makes one text of all tokens, for the steps after it in a `Sequence`. */
import { z } from "zod"
import { bytesFromText } from "../byte-text.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Decoder } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Fuse") })

export const fuseDecoder: PartDefinition<Decoder> = {
  type: "Fuse",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    return { bytesOf: bytesFromText, bytesOfStretch: bytesFromText, fuses: true, toJson: () => settings }
  },
}
