/** `ByteLevel`: cuts with GPT-2's pattern (unless told not to) and spells every piece's bytes in GPT-2's alphabet. */
import { z } from "zod"
import { spellBytes } from "../byte-alphabet.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import { compilePattern, SPLIT_PATTERNS } from "../pattern.ts"
import type { PreTokenizer } from "./index.ts"
import { splitByPattern } from "./split.ts"

const settingsSchema = z.object({
  type: z.literal("ByteLevel"),
  add_prefix_space: z.boolean().default(true),
  trim_offsets: z.boolean().default(true),
  use_regex: z.boolean().default(true),
})

export const byteLevelPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "ByteLevel",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const pattern = compilePattern(SPLIT_PATTERNS.gpt2, where)
    return {
      split(text) {
        const prefixed = settings.add_prefix_space && text !== "" && !text.startsWith(" ") ? ` ${text}` : text
        if (!settings.use_regex) return prefixed === "" ? [] : [prefixed]
        return splitByPattern(prefixed, pattern, "Isolated", false)
      },
      spell: spellBytes,
      toJson: () => settings,
    }
  },
}
