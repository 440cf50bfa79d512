/**
 * `Metaspace`: SentencePiece's way of cutting. Spaces become a visible mark, one more mark is put before the text, and
 * every mark begins a piece.
 */

import { metaspaceSettings } from "../metaspace.ts"
import type { PartDefinition } from "../parts.ts"
import { literalPattern } from "../pattern.ts"
import type { PreTokenizer } from "./index.ts"
import { splitByPattern } from "./split.ts"

export const metaspacePreTokenizer: PartDefinition<PreTokenizer> = {
  type: "Metaspace",
  build(json, where) {
    const settings = metaspaceSettings(json, where)
    const { replacement, prepend_scheme, split } = settings
    const marks = new RegExp(literalPattern(replacement).replaceAll("\\-", "-"), "gu")
    return {
      split(text, isFirst) {
        if (text === "") return []
        const marked = text.replaceAll(" ", () => replacement)
        const prepends = prepend_scheme === "always" || (prepend_scheme === "first" && isFirst)
        const whole = prepends && !marked.startsWith(replacement) ? replacement + marked : marked
        return split ? splitByPattern(whole, marks, "MergedWithNext", false) : [whole]
      },
      toJson: () => settings,
    }
  },
}
