/** What `Replace` does, as a normalizer and as a decoder: one text in the place of every match. */
import { z } from "zod"
import { parseSettings } from "./parts.ts"
import { compilePattern, literalExpression } from "./pattern.ts"
import { matchRanges } from "./pre-tokenizers/cutting.ts"

const settingsSchema = z.object({
  type: z.literal("Replace"),
  pattern: z.union([z.object({ Regex: z.string() }), z.object({ String: z.string() })]),
  content: z.string(),
})

export interface Replacement {
  readonly settings: z.output<typeof settingsSchema>
  /** The text with every match replaced; the content stands for itself, `$` and all. */
  replace(text: string): string
  /** Where matches are, as UTF-16 indices: from, to, from, to, … */
  matches(text: string): readonly number[]
}

/** @throws TOKENIZER_INVALID when a field is missing or the pattern is broken */
export function replacement(json: unknown, where: string): Replacement {
  const settings = parseSettings(settingsSchema, json, where)
  const { pattern, content } = settings
  if ("String" in pattern) {
    if (pattern.String === "") return { settings, replace: (text) => text, matches: () => [] }
    const expression = literalExpression(pattern.String)
    return {
      settings,
      replace: (text) => text.replaceAll(pattern.String, () => content),
      matches: (text) => matchRanges(text, expression),
    }
  }
  const expression = compilePattern(pattern.Regex, `${where}.pattern`)
  const matchesEmpty = new RegExp(expression.source, "u").test("")
  const matches = (text: string) => matchRanges(text, expression)
  return {
    settings,
    replace: (text) =>
      matchesEmpty ? replaceRanges(text, matches(text), content) : text.replace(expression, () => content),
    matches,
  }
}

function replaceRanges(text: string, ranges: readonly number[], content: string): string {
  let replaced = ""
  let from = 0
  for (let at = 0; at < ranges.length; at += 2) {
    replaced += text.slice(from, ranges[at]) + content
    from = ranges[at + 1]
  }
  return replaced + text.slice(from)
}
