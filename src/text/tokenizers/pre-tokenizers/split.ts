/** `Split`: cuts by a pattern or a literal text, with a stated fate for what matched. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import { compilePattern, literalPattern } from "../pattern.ts"
import { scannerOf } from "../piece-scanners.ts"
import { cuttingPreTokenizer, matchRanges, rangesByMatches, SPLIT_BEHAVIORS } from "./cutting.ts"
import type { PreTokenizer } from "./index.ts"
import { scanningPreTokenizer } from "./scanning.ts"

const settingsSchema = z.object({
  type: z.literal("Split"),
  pattern: z.union([z.object({ Regex: z.string() }), z.object({ String: z.string() })]),
  behavior: z.enum(SPLIT_BEHAVIORS),
  invert: z.boolean().default(false),
})

export const splitPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "Split",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const { behavior, invert } = settings
    const source = "Regex" in settings.pattern ? settings.pattern.Regex : literalPattern(settings.pattern.String)
    const pattern = compilePattern(source, `${where}.pattern`)
    // Where matches are pieces and cover everything, it does not matter which of both is the delimiter.
    const scan = behavior === "Isolated" || (behavior === "Removed" && invert) ? scannerOf(source) : undefined
    if (scan) return scanningPreTokenizer(scan, settings)
    return cuttingPreTokenizer((text) => rangesByMatches(text, matchRanges(text, pattern), behavior, invert), settings)
  },
}
