/** `TemplateProcessing`: a text's ids between fixed special tokens, such as `<|bos|> $A`, and the same for a pair. */
import { z } from "zod"
import { type Encoding, fixedEncoding, withTypeId } from "../encoding.ts"
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

type Settings = z.output<typeof settingsSchema>

/** One piece of a template: fixed tokens, or the place of a text. */
type TemplatePiece = { readonly fixed: Encoding } | { readonly text: 0 | 1; readonly typeId: number }

export const templatePostProcessor: PartDefinition<PostProcessor> = {
  type: "TemplateProcessing",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const single = readTemplate(settings, "single", where)
    const pair = readTemplate(settings, "pair", where)
    return {
      processIds: (texts) =>
        (texts.length > 1 ? pair : single).map((piece) => ("fixed" in piece ? piece.fixed.ids : texts[piece.text])),
      added: (isPair) =>
        (isPair ? pair : single).reduce((sum, piece) => sum + ("fixed" in piece ? piece.fixed.ids.length : 0), 0),
      processEncodings: (encodings, addSpecialTokens) =>
        (encodings.length > 1 ? pair : single).flatMap((piece) => {
          if ("fixed" in piece) return addSpecialTokens ? [piece.fixed] : []
          return [withTypeId(encodings[piece.text], piece.typeId)]
        }),
      toJson: () => settings,
    }
  },
}

function readTemplate(settings: Settings, name: "single" | "pair", where: string): TemplatePiece[] {
  const pieces = settings[name].map((piece, index): TemplatePiece => {
    const place = `${where}.${name}[${index}]`
    if ("Sequence" in piece) {
      if (name === "single" && piece.Sequence.id === "B")
        throw tokenizerInvalid(place, "sequence A alone", describeValue(piece))
      return { text: piece.Sequence.id === "A" ? 0 : 1, typeId: piece.Sequence.type_id }
    }
    const { id, type_id: typeId } = piece.SpecialToken
    const special = Object.hasOwn(settings.special_tokens, id) ? settings.special_tokens[id] : undefined
    if (!special) throw tokenizerInvalid(place, "a token listed in special_tokens", describeValue(id))
    if (special.ids.length !== special.tokens.length)
      throw tokenizerInvalid(`${where}.special_tokens.${id}`, "as many tokens as ids", describeValue(special))
    return { fixed: fixedEncoding(special.ids.map((one, at) => ({ id: one, token: special.tokens[at], typeId }))) }
  })
  return pieces
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

/** The JSON of BERT's template: `first A last`, and `first A last B last` for a pair. */
export function templateAround(first: readonly [string, number], last: readonly [string, number]) {
  const special = (token: string, type_id: number) => ({ SpecialToken: { id: token, type_id } })
  const text = (id: "A" | "B", type_id: number) => ({ Sequence: { id, type_id } })
  const single = [special(first[0], 0), text("A", 0), special(last[0], 0)]
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, text("B", 1), special(last[0], 1)],
    special_tokens: Object.fromEntries(
      [first, last].map(([token, id]) => [token, { id: token, ids: [id], tokens: [token] }]),
    ),
  }
}
