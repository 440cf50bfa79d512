/** `Punctuation`: cuts at punctuation, ASCII's symbols included, with a stated fate for it. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import { cuttingPreTokenizer, matchRanges, rangesByMatches, SPLIT_BEHAVIORS } from "./cutting.ts"
import type { PreTokenizer } from "./index.ts"

/** One character of Unicode's punctuation or of ASCII's. */
export const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu

const settingsSchema = z.object({
  type: z.literal("Punctuation"),
  behavior: z.enum(SPLIT_BEHAVIORS).default("Isolated"),
})

export const punctuationPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "Punctuation",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    return cuttingPreTokenizer(
      (text) => rangesByMatches(text, matchRanges(text, PUNCTUATION), settings.behavior),
      settings,
    )
  },
}
