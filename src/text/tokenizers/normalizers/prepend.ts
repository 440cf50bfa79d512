/** `Prepend`: puts a text before every text that is not empty. SentencePiece's mark of a word's start comes so. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Normalizer } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Prepend"), prepend: z.string() })

export const prependNormalizer: PartDefinition<Normalizer> = {
  type: "Prepend",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    return {
      normalize: (text) => (text === "" ? text : settings.prepend + text),
      normalizeAligned: (text) => text.prepend(settings.prepend),
      toJson: () => settings,
    }
  },
}
