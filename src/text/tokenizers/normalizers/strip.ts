/** `Strip`: takes white space off the start and the end. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Normalizer } from "./index.ts"

const settingsSchema = z.object({
  type: z.literal("Strip"),
  strip_left: z.boolean(),
  strip_right: z.boolean(),
})

const WHITE_SPACE = /\p{White_Space}/u

export const stripNormalizer: PartDefinition<Normalizer> = {
  type: "Strip",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    /** What is kept, as UTF-16 indices. */
    const kept = (text: string): [from: number, to: number] => {
      let from = 0
      let to = text.length
      if (settings.strip_left) while (from < to && WHITE_SPACE.test(text[from])) from += 1
      if (settings.strip_right) while (to > from && WHITE_SPACE.test(text[to - 1])) to -= 1
      return [from, to]
    }
    return {
      normalize: (text) => text.slice(...kept(text)),
      normalizeAligned: (text) => text.trimTo(...kept(text.text)),
      toJson: () => settings,
    }
  },
}
