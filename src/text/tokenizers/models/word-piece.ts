/**
 * `WordPiece`: the longest token at the start of a word, then the longest that goes on from there, marked by a prefix;
 * a word that does not come out is unknown as a whole. Schuster & Nakajima 2012; Devlin et al. 2018, arXiv:1810.04805.
 */
import { z } from "zod"
import type { MatchStep, MatchSteps } from "../explaining/piece-steps.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { TokenizerModel, TokenSpan } from "./index.ts"
import { readVocabulary, unspellable, vocabularySchema } from "./vocabulary.ts"

const settingsSchema = z.object({
  type: z.literal("WordPiece"),
  unk_token: z.string().default("[UNK]"),
  continuing_subword_prefix: z.string().default("##"),
  max_input_chars_per_word: z.number().int().nonnegative().default(100),
  vocab: vocabularySchema,
})

export const wordPieceModel: PartDefinition<TokenizerModel> = {
  type: "WordPiece",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const { unk_token, continuing_subword_prefix: prefix, max_input_chars_per_word: mostCharacters } = settings
    const vocabulary = readVocabulary(settings.vocab, `${where}.vocab`)
    const unknownId = vocabulary.get(unk_token)
    /** No longer token is worth looking for; UTF-16 units without the prefix. */
    let longest = 0
    for (const token of vocabulary.keys()) longest = Math.max(longest, token.length)

    const unknown = (piece: string): TokenSpan[] => {
      if (unknownId === undefined) throw unspellable(piece)
      return [{ id: unknownId, token: unk_token, start: 0, end: piece.length }]
    }
    /** The longest token that begins what a piece holds from `start` on. */
    const longestAt = (piece: string, start: number): TokenSpan | undefined => {
      for (let end = Math.min(piece.length, start + longest); end > start; end -= 1) {
        if (isInsidePair(piece, end)) continue
        const token = start > 0 ? prefix + piece.slice(start, end) : piece.slice(start, end)
        const id = vocabulary.get(token)
        if (id !== undefined) return { id, token, start, end }
      }
      return undefined
    }
    const tokenizeSpans = (piece: string): TokenSpan[] => {
      if (hasMoreCharacters(piece, mostCharacters)) return unknown(piece)
      const spans: TokenSpan[] = []
      for (let start = 0; start < piece.length; ) {
        const found = longestAt(piece, start)
        if (!found) return unknown(piece)
        spans.push(found)
        start = found.end
      }
      return spans
    }
    const explain = (piece: string): MatchSteps => {
      if (hasMoreCharacters(piece, mostCharacters)) return { kind: "matches", matches: [], mostCharacters }
      const matches: MatchStep[] = []
      for (let start = 0; start < piece.length; ) {
        const rest = piece.slice(start)
        const found = longestAt(piece, start)
        matches.push(found ? { rest, match: { id: found.id, token: found.token } } : { rest })
        if (!found) break
        start = found.end
      }
      return { kind: "matches", matches }
    }
    return {
      vocabulary,
      unknownId,
      tokenize(piece, ids) {
        for (const { id } of tokenizeSpans(piece)) ids.push(id)
      },
      tokenizeSpans,
      explain,
      toJson: () => settings,
    }
  },
}

function hasMoreCharacters(text: string, most: number): boolean {
  if (text.length <= most) return false
  let count = 0
  for (const _ of text) if (++count > most) return true
  return false
}

function isInsidePair(text: string, at: number): boolean {
  if (at >= text.length) return false
  const second = text.charCodeAt(at)
  if (second < 0xdc00 || second > 0xdfff) return false
  const first = text.charCodeAt(at - 1)
  return first >= 0xd800 && first <= 0xdbff
}
