/** `BertNormalizer`: cleans text, sets Chinese characters apart, strips accents and makes letters small. */
import { z } from "zod"
import type { AlignedText, CharacterChange } from "../aligned-text.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Normalizer } from "./index.ts"
import { lowercase, lowercaseAligned } from "./lowercase.ts"
import { normalizeAligned } from "./unicode-forms.ts"

const settingsSchema = z.object({
  type: z.literal("BertNormalizer"),
  clean_text: z.boolean().default(true),
  handle_chinese_chars: z.boolean().default(true),
  /** By default as `lowercase`. */
  strip_accents: z.boolean().nullable().default(null),
  lowercase: z.boolean().default(true),
})

/** Control, format and private characters but for tab and line ends, NUL and U+FFFD. */
const UNCLEAN = /[\0\ufffd\p{Cf}\p{Co}]|(?![\t\n\r])\p{Cc}/gu
const SPACES = /\p{White_Space}/gu
/** The blocks that BERT counts as Chinese, written out as it does. */
const CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu
const ACCENTS = /\p{Mn}/gu

const has = (pattern: RegExp, character: string) => character.search(pattern) >= 0

export const bertNormalizer: PartDefinition<Normalizer> = {
  type: "BertNormalizer",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const stripsAccents = settings.strip_accents ?? settings.lowercase
    return {
      normalize(text) {
        if (settings.clean_text) text = text.replace(UNCLEAN, "").replace(SPACES, " ")
        if (settings.handle_chinese_chars) text = text.replace(CHINESE, " $& ")
        if (stripsAccents) text = text.normalize("NFD").replace(ACCENTS, "")
        return settings.lowercase ? lowercase(text) : text
      },
      normalizeAligned(text) {
        if (settings.clean_text)
          text = text
            .filter((character) => !has(UNCLEAN, character))
            .rewriteCharacters((character) => (has(SPACES, character) ? " " : character))
        if (settings.handle_chinese_chars) text = setApart(text)
        if (stripsAccents) text = normalizeAligned(text, "NFD").filter((character) => !has(ACCENTS, character))
        return settings.lowercase ? lowercaseAligned(text) : text
      },
      toJson: () => settings,
    }
  },
}

/** Spaces around every Chinese character: the one before takes its place, so that all three stand for it. */
function setApart(text: AlignedText): AlignedText {
  if (text.text.search(CHINESE) < 0) return text
  const changes: CharacterChange[] = []
  for (const character of text.text) {
    if (has(CHINESE, character)) changes.push([" ", 0], [character, 1], [" ", 1])
    else changes.push([character, 0])
  }
  return text.transform(changes)
}
