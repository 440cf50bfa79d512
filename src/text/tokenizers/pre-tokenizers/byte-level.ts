/** `ByteLevel`: cuts with GPT-2's pattern (unless told not to) and spells every piece's bytes in GPT-2's alphabet. */
import { z } from "zod"
import { spellAligned, spellBytes } from "../byte-alphabet.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import { SPLIT_PATTERNS } from "../pattern.ts"
import { type PieceScanner, scanAll, scannerOf } from "../piece-scanners.ts"
import type { PreTokenizer } from "./index.ts"
import { scanningPreTokenizer } from "./scanning.ts"

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
    const scan = settings.use_regex ? (scannerOf(SPLIT_PATTERNS.gpt2) as PieceScanner) : scanAll
    const cutter = scanningPreTokenizer(scan, settings)
    const lacksSpace = (text: string) => settings.add_prefix_space && text !== "" && !text.startsWith(" ")
    return {
      split: (text) => cutter.split(lacksSpace(text) ? ` ${text}` : text, false),
      splitAligned: (text) =>
        cutter.splitAligned(lacksSpace(text.text) ? text.prepend(" ") : text).map((piece) => spellAligned(piece)),
      scan: settings.add_prefix_space ? undefined : scan,
      spell: spellBytes,
      toJson: () => settings,
    }
  },
}
