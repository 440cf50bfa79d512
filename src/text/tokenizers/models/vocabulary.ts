/** Reads a vocabulary of tokens and ids and refuses a contradictory one. */
import { z } from "zod"
import { GlossaError } from "../../../errors.ts"
import { describeValue, tokenizerInvalid } from "../parts.ts"

/** Ids must be below this: two million is eight times the largest vocabulary in use, and bounds what a damaged file costs. */
export const HIGHEST_VOCABULARY = 2 ** 21

/** An object of tokens and ids, checked entry by entry below: schemas over hundreds of thousands of entries are slow. */
export const vocabularySchema = z.custom<Record<string, unknown>>(
  (vocab) => typeof vocab === "object" && vocab !== null && !Array.isArray(vocab),
  "an object of tokens and ids",
)

/**
 * The token → id map of a vocabulary object.
 *
 * @throws TOKENIZER_INVALID when an id is no whole number below HIGHEST_VOCABULARY or two tokens share one
 */
export function readVocabulary(json: Readonly<Record<string, unknown>>, where: string): Map<string, number> {
  const vocabulary = new Map<string, number>()
  const tokens = Object.keys(json)
  const owners = new Array<string | undefined>(Math.min(tokens.length, HIGHEST_VOCABULARY))
  const placeOf = (token: string) => `${where}[${describeValue(token)}]`
  for (const token of tokens) {
    const id = json[token]
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= HIGHEST_VOCABULARY)
      throw tokenizerInvalid(placeOf(token), `a whole id below ${HIGHEST_VOCABULARY}`, describeValue(id))
    if (owners[id] !== undefined)
      throw tokenizerInvalid(placeOf(token), "an id of its own", `id ${id}, which ${describeValue(owners[id])} has`)
    owners[id] = token
    vocabulary.set(token, id)
  }
  return vocabulary
}

/** The error of a text that the vocabulary cannot spell, in a tokenizer without a token for such text. */
export function unspellable(text: string): GlossaError {
  return new GlossaError("TOKEN_UNKNOWN", {
    where: "encode",
    wanted: "text of the vocabulary, as the tokenizer has no token for what is unknown",
    came: describeValue(text),
    fix: "normalize the text, or name an unknown token in tokenizer.json",
  })
}

/** Ids of `<0x00>`-style tokens for a text's bytes, when the vocabulary has them all. */
export function byteTokenIds(bytes: Uint8Array, vocabulary: ReadonlyMap<string, number>): number[] | undefined {
  const ids: number[] = []
  for (const byte of bytes) {
    const id = vocabulary.get(byteToken(byte))
    if (id === undefined) return undefined
    ids.push(id)
  }
  return ids
}

/** How vocabularies with byte fallback spell one byte. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`
}
