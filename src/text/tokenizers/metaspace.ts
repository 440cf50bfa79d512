/** What `Metaspace` is told, as a pre-tokenizer and as a decoder: the character that stands for spaces, and where one is added. */
import { z } from "zod"
import { describeValue, parseSettings, tokenizerInvalid } from "./parts.ts"

/** SentencePiece's visible mark for a space. */
export const SPACE_MARK = "▁"

const settingsSchema = z.object({
  type: z.literal("Metaspace"),
  replacement: z.string().default(SPACE_MARK),
  prepend_scheme: z.enum(["first", "never", "always"]).optional(),
  /** What `prepend_scheme` was before it had three values. */
  add_prefix_space: z.boolean().optional(),
  split: z.boolean().default(true),
})

export type MetaspaceSettings = ReturnType<typeof metaspaceSettings>

/** @throws TOKENIZER_INVALID when a field is of the wrong kind or the fields contradict one another */
export function metaspaceSettings(json: unknown, where: string) {
  const { add_prefix_space, ...settings } = parseSettings(settingsSchema, json, where)
  const { replacement, prepend_scheme = add_prefix_space === false ? "never" : "always" } = settings
  if ([...replacement].length !== 1)
    throw tokenizerInvalid(`${where}.replacement`, "one character", describeValue(replacement))
  if (add_prefix_space === false && prepend_scheme !== "never")
    throw tokenizerInvalid(
      `${where}.prepend_scheme`,
      '"never", as add_prefix_space is false',
      describeValue(prepend_scheme),
    )
  return { ...settings, prepend_scheme }
}
