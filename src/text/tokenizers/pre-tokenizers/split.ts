/** `Split`: cuts by a pattern or a literal text, with a stated fate for what matched. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import { compilePattern, literalPattern } from "../pattern.ts"
import type { PreTokenizer } from "./index.ts"

/** What becomes of the stretches that a pattern matches. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous"

const settingsSchema = z.object({
  type: z.literal("Split"),
  pattern: z.union([z.object({ Regex: z.string() }), z.object({ String: z.string() })]),
  behavior: z.enum(["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]),
  invert: z.boolean().default(false),
})

export const splitPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "Split",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const source = "Regex" in settings.pattern ? settings.pattern.Regex : literalPattern(settings.pattern.String)
    const pattern = compilePattern(source, `${where}.pattern`)
    return {
      split: (text) => splitByPattern(text, pattern, settings.behavior, settings.invert),
      toJson: () => settings,
    }
  },
}

/** Cuts `text` by a global pattern. With `invert`, the stretches between matches are what the behaviour speaks of. */
export function splitByPattern(text: string, pattern: RegExp, behavior: SplitBehavior, invert: boolean): string[] {
  if (text === "") return []
  if (behavior === "Isolated") {
    // The patterns of real vocabularies match everything, and then the matches themselves are the pieces.
    const matches: string[] = text.match(pattern) ?? []
    let covered = 0
    for (const match of matches) covered += match.length
    if (covered === text.length && !matches.includes("")) return matches
  }
  return mergeStretches(stretchesOf(text, pattern, invert), behavior)
}

interface Stretch {
  readonly text: string
  readonly isMatch: boolean
}

function stretchesOf(text: string, pattern: RegExp, invert: boolean): Stretch[] {
  const stretches: Stretch[] = []
  let from = 0
  for (const match of text.matchAll(pattern)) {
    if (match[0] === "") continue
    if (match.index > from) stretches.push({ text: text.slice(from, match.index), isMatch: invert })
    stretches.push({ text: match[0], isMatch: !invert })
    from = match.index + match[0].length
  }
  if (from < text.length) stretches.push({ text: text.slice(from), isMatch: invert })
  return stretches
}

function mergeStretches(stretches: Stretch[], behavior: SplitBehavior): string[] {
  const pieces: string[] = []
  /** Whether the stretch before matched. */
  let afterMatch = false
  if (behavior === "MergedWithNext") {
    let carried = ""
    for (const { text, isMatch } of stretches) {
      if (isMatch) {
        if (carried) pieces.push(carried)
        carried = text
      } else {
        pieces.push(carried + text)
        carried = ""
      }
    }
    if (carried) pieces.push(carried)
    return pieces
  }
  for (const { text, isMatch } of stretches) {
    const joins =
      (behavior === "MergedWithPrevious" && isMatch && !afterMatch) ||
      (behavior === "Contiguous" && isMatch === afterMatch)
    if (behavior === "Removed" && isMatch) continue
    if (joins && pieces.length) pieces[pieces.length - 1] += text
    else pieces.push(text)
    afterMatch = isMatch
  }
  return pieces
}
