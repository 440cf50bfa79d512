/**
 * Added tokens: texts with an id of their own, found before the text is cut. Special ones (`<|bos|>`) are only
 * looked for when asked, so that text typed by a user cannot pose as a mark.
 */
import { z } from "zod"
import { CharTrie } from "./char-trie.ts"
import type { Normalizer } from "./normalizers/index.ts"
import { tokenizerInvalid } from "./parts.ts"

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

/** A stretch of text that an added token takes, as UTF-16 indices. */
export interface AddedTokenMatch {
  readonly token: AddedToken
  readonly start: number
  readonly end: number
}

/** Finds a set of added tokens in text: leftmost first, the longest where several start. */
export class AddedTokenFinder {
  readonly #tokens: readonly AddedToken[]
  readonly #trie: CharTrie | undefined

  /** With a normalizer, the tokens are looked for as it writes them. */
  constructor(tokens: readonly AddedToken[], normalizer?: Normalizer) {
    this.#tokens = tokens
    const contents = tokens.map(({ content }) => (normalizer ? normalizer.normalize(content) : content))
    if (contents.every((content) => content === "")) return
    this.#trie = new CharTrie()
    // Of several tokens that are written alike, the first counts.
    for (let index = contents.length - 1; index >= 0; index--)
      if (contents[index] !== "") this.#trie.add(contents[index], index)
  }

  /** Whether there is nothing to find. */
  get isEmpty(): boolean {
    return this.#trie === undefined
  }

  /**
   * The tokens in a text, in order. The white space that a token takes with it may be that of the token before it;
   * then both have it, as in Hugging Face's library.
   */
  find(text: string): AddedTokenMatch[] {
    const matches: AddedTokenMatch[] = []
    const trie = this.#trie
    if (!trie) return matches
    let from = 0
    for (let at = 0; at < text.length; at++) {
      if (!trie.mayStartWith(text.charCodeAt(at))) continue
      const found = trie.longestAt(text, at)
      if (!found) continue
      const token = this.#tokens[found.value]
      let start = at
      let end = found.end
      at = end - 1
      if (token.single_word && (WORD_AT_END.test(before(text, start)) || WORD_AT_START.test(after(text, end)))) continue
      if (token.lstrip) while (start > from && WHITE_SPACE.test(text[start - 1])) start -= 1
      if (token.rstrip) while (end < text.length && WHITE_SPACE.test(text[end])) end += 1
      matches.push({ token, start, end })
      from = end
    }
    return matches
  }
}

/** The last character before an index; the first from it on. */
const before = (text: string, at: number) => text.slice(Math.max(0, at - 2), at)
const after = (text: string, at: number) => text.slice(at, at + 2)

const WHITE_SPACE = /\p{White_Space}/u
/** `\w` of Rust's `regex`. */
const WORD_AT_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u
const WORD_AT_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u
