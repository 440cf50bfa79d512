/**
 * tiktoken's ranks: a line for each token with its bytes in base64 and its rank, which is its id. The merges are not
 * there, but follow: cut by lower ranks alone, a token falls into the two parts that it was merged from.
 */
import { spellingOf } from "../byte-alphabet.ts"
import { HIGHEST_VOCABULARY } from "../models/vocabulary.ts"
import { describeValue, tokenizerInvalid } from "../parts.ts"
import type { SplitPatternName } from "../pattern.ts"
import type { Tokenizer } from "../tokenizer.ts"
import { tokenizerFromBpe } from "./byte-pairs.ts"
import { NO_RANK, SpelledRanks } from "./spelled-ranks.ts"

export interface TiktokenOptions {
  /** How text is cut; the file does not say. Default: as the vocabulary of that many ranks does. */
  readonly splitPattern?: SplitPatternName | string
  /** Special tokens and their ids; the file does not say. Default: those of the vocabulary of that many ranks. */
  readonly specialTokens?: Readonly<Record<string, number>>
}

/** The published vocabularies, by how many ranks they have. */
const PUBLISHED: Readonly<Record<number, Required<TiktokenOptions> & { readonly name: string }>> = {
  50256: { name: "r50k_base", splitPattern: "gpt2", specialTokens: { "<|endoftext|>": 50256 } },
  50280: { name: "p50k_base", splitPattern: "gpt2", specialTokens: { "<|endoftext|>": 50256 } },
  100256: {
    name: "cl100k_base",
    splitPattern: "cl100k",
    specialTokens: {
      "<|endoftext|>": 100257,
      "<|fim_prefix|>": 100258,
      "<|fim_middle|>": 100259,
      "<|fim_suffix|>": 100260,
      "<|endofprompt|>": 100276,
    },
  },
  199998: {
    name: "o200k_base",
    splitPattern: "o200k",
    specialTokens: { "<|endoftext|>": 199999, "<|endofprompt|>": 200018 },
  },
}

/**
 * A tokenizer from the contents of a `.tiktoken` file.
 *
 * @param where  what to call the file in error texts
 * @throws TOKENIZER_INVALID when a line is damaged, a token or rank is there twice, a byte has no token, or a token does
 *   not come from two others
 */
export function tokenizerFromTiktoken(text: string, options: TiktokenOptions = {}, where = "tiktoken file"): Tokenizer {
  const ranks = readRanks(text, where)
  const published = PUBLISHED[ranks.size]
  const splitPattern = options.splitPattern ?? published?.splitPattern
  if (splitPattern === undefined)
    throw tokenizerInvalid(where, "a split pattern, as the file has none", `${ranks.size} ranks of no known vocabulary`)
  const specialTokens = Object.entries(options.specialTokens ?? published?.specialTokens ?? {})
  const eos = specialTokens.find(([content]) => content === "<|endoftext|>")?.[0]
  return tokenizerFromBpe(
    {
      tokens: ranks,
      merges: recoverMerges(ranks, where),
      splitPattern,
      specialTokens: specialTokens.map(([content, id]) => ({ content, id })),
      // tiktoken looks a piece up before it merges.
      ignoresMerges: true,
    },
    { roles: eos === undefined ? {} : { bos: eos, eos } },
    where,
  )
}

/** The ranks of a byte-level tokenizer's tokens as a `.tiktoken` file. */
export function tiktokenFileOf(tokenizer: Tokenizer): string {
  const special = new Set(tokenizer.addedTokens.map(({ id }) => id))
  const lines: string[] = []
  for (let id = 0; id < tokenizer.vocabularySize; id++) {
    if (special.has(id) || tokenizer.idToToken(id) === undefined) continue
    lines.push(`${Buffer.from(tokenizer.tokenBytes(id)).toString("base64")} ${id}\n`)
  }
  return lines.join("")
}

const LINE = /^[A-Za-z0-9+/]+={0,2} \d{1,9}\r?$/

/** Tokens, in GPT-2's spelling of their bytes, and their ranks. */
function readRanks(text: string, where: string): Map<string, number> {
  const ranks = new Map<string, number>()
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "" || line === "\r") continue
    const place = () => `${where}: line ${index + 1}`
    if (!LINE.test(line)) throw tokenizerInvalid(place(), "a token in base64 and its rank", describeValue(line))
    const gap = line.indexOf(" ")
    const rank = Number(line.slice(gap + 1))
    if (rank >= HIGHEST_VOCABULARY) throw tokenizerInvalid(place(), `a rank below ${HIGHEST_VOCABULARY}`, `${rank}`)
    const token = spellingOf(Buffer.from(line.slice(0, gap), "base64"))
    if (token === "") throw tokenizerInvalid(place(), "a token of at least one byte", describeValue(line))
    if (ranks.has(token)) throw tokenizerInvalid(place(), "each token once", describeValue(line.slice(0, gap)))
    ranks.set(token, rank)
  }
  if (ranks.size === 0) throw tokenizerInvalid(where, "lines of tokens and ranks", "none")
  return ranks
}

/** The longest token that is taken apart; published ones have up to 128 bytes. */
const LONGEST_TOKEN = 1024

function recoverMerges(ranks: ReadonlyMap<string, number>, where: string): [string, string][] {
  const merges: [string, string][] = []
  const seams = new SeamFinder(ranks)
  for (const [token, rank] of inOrder([...ranks])) {
    if (token.length < 2) continue
    const seam = token.length > LONGEST_TOKEN ? NO_SEAM : seams.last(token, rank)
    if (seam === NO_SEAM)
      throw tokenizerInvalid(`${where}: rank ${rank}`, "a token of two others with lower ranks", describeValue(token))
    merges.push([token.slice(0, seam), token.slice(seam)])
  }
  return merges
}

/** By rank; files mostly are. */
function inOrder(ranks: [string, number][]): [string, number][] {
  const isSorted = ranks.every(([, rank], index) => index === 0 || ranks[index - 1][1] <= rank)
  return isSorted ? ranks : ranks.sort(([, left], [, right]) => left - right)
}

/** Merging leaves other than two parts. */
const NO_SEAM = -1

/** Merges the bytes of tokens by ranks alone, to see of which two parts each was made. */
class SeamFinder {
  readonly #ranks: SpelledRanks
  /** Where the parts of a token begin, and after the last one the end. */
  readonly #seams = new Int32Array(LONGEST_TOKEN + 1)
  /** Rank of each part together with the next one. */
  readonly #joint = new Int32Array(LONGEST_TOKEN)

  constructor(ranks: ReadonlyMap<string, number>) {
    this.#ranks = new SpelledRanks(ranks, LONGEST_TOKEN)
  }

  /** Where the two parts meet that merging with ranks below `limit` leaves of a token, or NO_SEAM. */
  last(token: string, limit: number): number {
    const seams = this.#seams
    const joint = this.#joint
    this.#ranks.read(token)
    for (let at = 0; at <= token.length; at++) seams[at] = at
    let parts = token.length
    for (let at = 0; at + 1 < parts; at++) joint[at] = this.#rank(at, at + 2, limit)
    while (parts > 2) {
      let best = 0
      for (let at = 1; at + 1 < parts; at++) if (joint[at] < joint[best]) best = at
      if (joint[best] === NO_RANK) return NO_SEAM
      seams.copyWithin(best + 1, best + 2, parts + 1)
      joint.copyWithin(best, best + 1, parts - 1)
      parts -= 1
      if (best > 0) joint[best - 1] = this.#rank(seams[best - 1], seams[best + 1], limit)
      if (best + 1 < parts) joint[best] = this.#rank(seams[best], seams[best + 2], limit)
    }
    const seam = seams[1]
    const isMade = this.#rank(0, seam, limit) < limit && this.#rank(seam, token.length, limit) < limit
    return isMade ? seam : NO_SEAM
  }

  #rank(from: number, to: number, limit: number): number {
    const rank = this.#ranks.of(from, to)
    return rank >= limit ? NO_RANK : rank
  }
}
