/**
 * Added tokens: texts with an id of their own, found before the text is cut. Special ones (`<|bos|>`) are only
 * looked for when asked, so that text typed by a user cannot pose as a mark.
 */
import { z } from "zod"
import type { Normalizer } from "./normalizers/index.ts"
import { tokenizerInvalid } from "./parts.ts"
import { literalPattern } from "./pattern.ts"

export const addedTokenSchema = z.object({
  id: z.number().int().nonnegative(),
  content: z.string().min(1),
  /** Only where no letter, digit or mark touches it. */
  single_word: z.boolean().default(false),
  /** Takes the white space on its left with it. */
  lstrip: z.boolean().default(false),
  /** Takes the white space on its right with it. */
  rstrip: z.boolean().default(false),
  /** Looked for in the normalized text instead of the original. */
  normalized: z.boolean().default(false),
  /** Marks structure and is left out of plain text. */
  special: z.boolean().default(false),
})

/** One added token, with tokenizer.json's keys. */
export type AddedToken = Readonly<z.output<typeof addedTokenSchema>>

/**
 * Checks added tokens against each other and against the vocabulary.
 *
 * @throws TOKENIZER_INVALID when a content or an id means two things
 */
export function checkAddedTokens(
  tokens: readonly AddedToken[],
  vocabulary: ReadonlyMap<string, number>,
  tokenOfId: (id: number) => string | undefined,
  where: string,
): void {
  const contents = new Set<string>()
  const ids = new Set<number>()
  tokens.forEach(({ id, content }, index) => {
    const place = `${where}[${index}]`
    const known = vocabulary.get(content)
    if (known !== undefined && known !== id) {
      throw tokenizerInvalid(place, `id ${known} for "${content}", as in the vocabulary`, `id ${id}`)
    }
    const owner = tokenOfId(id)
    if (owner !== undefined && owner !== content) {
      throw tokenizerInvalid(place, "an id of its own", `id ${id}, which "${owner}" has`)
    }
    if (contents.has(content)) throw tokenizerInvalid(place, "each added token once", `"${content}" again`)
    if (ids.has(id)) throw tokenizerInvalid(place, "an id of its own", `id ${id} again`)
    contents.add(content)
    ids.add(id)
  })
}

/** Finds a set of added tokens in text: leftmost first, the longest where several start. */
export class AddedTokenFinder {
  readonly #pattern: RegExp | undefined
  readonly #byContent: ReadonlyMap<string, AddedToken>

  /** With a normalizer, the tokens are looked for as it writes them. */
  constructor(tokens: readonly AddedToken[], normalizer?: Normalizer) {
    const entries = tokens.map(
      (token) => [normalizer ? normalizer.normalize(token.content) : token.content, token] as const,
    )
    this.#byContent = new Map(entries.filter(([content]) => content !== ""))
    const contents = [...this.#byContent.keys()].sort((left, right) => right.length - left.length)
    this.#pattern = contents.length
      ? new RegExp(contents.map(literalPattern).join("|").replaceAll("\\-", "-"), "gu")
      : undefined
  }

  /** The text in order, as plain stretches (none empty) and the tokens between them. */
  split(text: string): (string | AddedToken)[] {
    if (!this.#pattern || text === "") return text === "" ? [] : [text]
    const parts: (string | AddedToken)[] = []
    let from = 0
    for (const match of text.matchAll(this.#pattern)) {
      const token = this.#byContent.get(match[0]) as AddedToken
      let start = match.index
      let end = start + match[0].length
      if (token.single_word && (WORD_AT_END.test(text.slice(0, start)) || WORD_AT_START.test(text.slice(end)))) continue
      if (start < from) continue
      if (token.lstrip) while (start > from && WHITE_SPACE.test(text[start - 1])) start -= 1
      if (token.rstrip) while (end < text.length && WHITE_SPACE.test(text[end])) end += 1
      if (start > from) parts.push(text.slice(from, start))
      parts.push(token)
      from = end
    }
    if (from < text.length) parts.push(text.slice(from))
    return parts
  }
}

const WHITE_SPACE = /\p{White_Space}/u
const WORD_AT_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u
const WORD_AT_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u
