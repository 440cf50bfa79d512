/** What `Replace` does, as a normalizer and as a decoder: one text in the place of every match. */
import { z } from "zod"
import { parseSettings } from "./parts.ts"
import { compilePattern } from "./pattern.ts"

const settingsSchema = z.object({
  type: z.literal("Replace"),
  pattern: z.union([z.object({ Regex: z.string() }), z.object({ String: z.string() })]),
  content: z.string(),
})

export interface Replacement {
  readonly settings: z.output<typeof settingsSchema>
  /** The text with every match replaced; the content stands for itself, `$` and all. */
  replace(text: string): string
}

/** @throws TOKENIZER_INVALID when a field is missing or the pattern is broken */
export function replacement(json: unknown, where: string): Replacement {
  const settings = parseSettings(settingsSchema, json, where)
  const { pattern, content } = settings
  if ("String" in pattern)
    return {
      settings,
      replace: (text) => (pattern.String === "" ? text : text.replaceAll(pattern.String, () => content)),
    }
  const expression = compilePattern(pattern.Regex, `${where}.pattern`)
  return { settings, replace: (text) => text.replace(expression, () => content) }
}
