/** `CharDelimiterSplit`: cuts at every occurrence of one character, which is left out. */
import { z } from "zod"
import { describeValue, type PartDefinition, parseSettings, tokenizerInvalid } from "../parts.ts"
import { literalExpression } from "../pattern.ts"
import { cuttingPreTokenizer, matchRanges, rangesByMatches } from "./cutting.ts"
import type { PreTokenizer } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("CharDelimiterSplit"), delimiter: z.string() })

export const charDelimiterSplitPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "CharDelimiterSplit",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const { delimiter } = settings
    if ([...delimiter].length !== 1)
      throw tokenizerInvalid(`${where}.delimiter`, "one character", describeValue(delimiter))
    const pattern = literalExpression(delimiter)
    return cuttingPreTokenizer((text) => rangesByMatches(text, matchRanges(text, pattern), "Removed"), settings)
  },
}
