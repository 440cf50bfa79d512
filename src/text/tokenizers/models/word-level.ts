/** `WordLevel`: a piece is a token of the vocabulary, or unknown. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { TokenizerModel, TokenSpan } from "./index.ts"
import { readVocabulary, unspellable, vocabularySchema } from "./vocabulary.ts"

const settingsSchema = z.object({
  type: z.literal("WordLevel"),
  vocab: vocabularySchema,
  unk_token: z.string().default("<unk>"),
})

export const wordLevelModel: PartDefinition<TokenizerModel> = {
  type: "WordLevel",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const vocabulary = readVocabulary(settings.vocab, `${where}.vocab`)
    const unknownId = vocabulary.get(settings.unk_token)
    const spanOf = (piece: string): TokenSpan => {
      const id = vocabulary.get(piece)
      if (id !== undefined) return { id, token: piece, start: 0, end: piece.length }
      if (unknownId === undefined) throw unspellable(piece)
      return { id: unknownId, token: settings.unk_token, start: 0, end: piece.length }
    }
    return {
      vocabulary,
      unknownId,
      tokenize: (piece, ids) => ids.push(spanOf(piece).id),
      tokenizeSpans: (piece) => [spanOf(piece)],
      explain: (piece) => ({ kind: "whole", isKnown: vocabulary.has(piece) }),
      toJson: () => settings,
    }
  },
}
