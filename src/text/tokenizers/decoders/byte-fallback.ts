/**
 * `ByteFallback`: tokens `<0x00>` to `<0xFF>` stand for one byte each. The bytes come back as they are; where they form
 * no character, whoever reads them as text sees U+FFFD.
 */
import { z } from "zod"
import { bytesFromText } from "../byte-text.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Decoder } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("ByteFallback") })

export const byteFallbackDecoder: PartDefinition<Decoder> = {
  type: "ByteFallback",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    return {
      bytesOf(token) {
        const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)
        return byte ? Uint8Array.of(Number.parseInt(byte[1], 16)) : bytesFromText(token)
      },
      toJson: () => settings,
    }
  },
}
