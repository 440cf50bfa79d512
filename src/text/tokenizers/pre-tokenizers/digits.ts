/** `Digits`: cuts digits off from the rest, each by itself or in runs. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import { cuttingPreTokenizer, matchRanges, rangesByMatches } from "./cutting.ts"
import type { PreTokenizer } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Digits"), individual_digits: z.boolean().default(false) })

export const digitsPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "Digits",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const pattern = settings.individual_digits ? /\p{N}/gu : /\p{N}+/gu
    return cuttingPreTokenizer((text) => rangesByMatches(text, matchRanges(text, pattern), "Isolated"), settings)
  },
}
