/** Reads a vocabulary of tokens and ids and refuses a contradictory one. */
import { describeValue, tokenizerInvalid } from "../parts.ts"

/** Ids must be below this: two million is eight times the largest vocabulary in use, and bounds what a damaged file costs. */
export const HIGHEST_VOCABULARY = 2 ** 21

/**
 * The token → id map of a vocabulary object.
 *
 * @throws TOKENIZER_INVALID when an id is no whole number below HIGHEST_VOCABULARY or two tokens share one
 */
export function readVocabulary(json: Readonly<Record<string, unknown>>, where: string): Map<string, number> {
  const vocabulary = new Map<string, number>()
  const owners = new Map<number, string>()
  for (const [token, id] of Object.entries(json)) {
    const place = `${where}[${describeValue(token)}]`
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= HIGHEST_VOCABULARY) {
      throw tokenizerInvalid(place, `a whole id below ${HIGHEST_VOCABULARY}`, describeValue(id))
    }
    const owner = owners.get(id as number)
    if (owner !== undefined)
      throw tokenizerInvalid(place, "an id of its own", `id ${id}, which ${describeValue(owner)} has`)
    owners.set(id as number, token)
    vocabulary.set(token, id as number)
  }
  return vocabulary
}
