/**
 * `Metaspace`: SentencePiece's way of cutting. Spaces become a visible mark, one more mark is put before the text, and
 * every mark begins a piece.
 */
import { metaspaceSettings } from "../metaspace.ts"
import type { PartDefinition } from "../parts.ts"
import { literalExpression } from "../pattern.ts"
import { matchRanges, rangesByMatches } from "./cutting.ts"
import type { PreTokenizer } from "./index.ts"

export const metaspacePreTokenizer: PartDefinition<PreTokenizer> = {
  type: "Metaspace",
  build(json, where) {
    const settings = metaspaceSettings(json, where)
    const { replacement, prepend_scheme, split } = settings
    const marks = literalExpression(replacement)
    const spaces = / /gu
    const cut = (text: string) => rangesByMatches(text, matchRanges(text, marks), "MergedWithNext")
    const prepends = (marked: string, isFirst: boolean) =>
      (prepend_scheme === "always" || (prepend_scheme === "first" && isFirst)) && !marked.startsWith(replacement)
    return {
      split(text, isFirst) {
        if (text === "") return []
        const marked = text.replaceAll(" ", () => replacement)
        const whole = prepends(marked, isFirst) ? replacement + marked : marked
        if (!split) return [whole]
        const ranges = cut(whole)
        const pieces: string[] = []
        for (let at = 0; at < ranges.length; at += 2) pieces.push(whole.slice(ranges[at], ranges[at + 1]))
        return pieces
      },
      splitAligned(text) {
        if (text.text === "") return []
        const marked = text.replace(matchRanges(text.text, spaces), replacement)
        const whole = prepends(marked.text, text.start === 0) ? marked.prepend(replacement) : marked
        return split ? whole.parts(cut(whole.text)) : [whole]
      },
      asksFirst: prepend_scheme === "first",
      toJson: () => settings,
    }
  },
}
