/** `TemplateProcessing`: a text's ids between fixed special tokens, such as `<|bos|> $A`. */
import { z } from "zod"
import { describeValue, type PartDefinition, parseSettings, tokenizerInvalid } from "../parts.ts"
import type { PostProcessor } from "./index.ts"

const pieceSchema = z.union([
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: z.number().int() }) }),
  z.object({ Sequence: z.object({ id: z.enum(["A", "B"]), type_id: z.number().int() }) }),
])

const settingsSchema = z.object({
  type: z.literal("TemplateProcessing"),
  single: z.array(pieceSchema),
  pair: z.array(pieceSchema),
  special_tokens: z.record(
    z.string(),
    z.object({ id: z.string(), ids: z.array(z.number().int().nonnegative()), tokens: z.array(z.string()) }),
  ),
})

export const templatePostProcessor: PartDefinition<PostProcessor> = {
  type: "TemplateProcessing",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    /** Fixed ids, or undefined where the text goes. */
    const single = settings.single.map((piece, index) => {
      if ("Sequence" in piece) {
        if (piece.Sequence.id === "A") return undefined
        throw tokenizerInvalid(`${where}.single[${index}]`, "sequence A alone", describeValue(piece))
      }
      const special = Object.hasOwn(settings.special_tokens, piece.SpecialToken.id)
        ? settings.special_tokens[piece.SpecialToken.id]
        : undefined
      if (!special) {
        const wanted = "a token listed in special_tokens"
        throw tokenizerInvalid(`${where}.single[${index}]`, wanted, describeValue(piece.SpecialToken.id))
      }
      return special.ids
    })
    return {
      process: (ids) => single.flatMap((fixed) => fixed ?? ids),
      toJson: () => settings,
    }
  },
}

/** The JSON of a template that puts one token before a text (and before the first of a pair). */
export function templateWithFirst(token: string, id: number) {
  const first = { SpecialToken: { id: token, type_id: 0 } }
  const a = { Sequence: { id: "A", type_id: 0 } }
  const b = { Sequence: { id: "B", type_id: 1 } }
  return {
    type: "TemplateProcessing",
    single: [first, a],
    pair: [first, a, b],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  }
}
