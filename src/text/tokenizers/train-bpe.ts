/**
 * Training of byte-level BPE. Text is cut into pieces, distinct pieces are counted, and then the most frequent
 * adjacent pair of symbols is joined again and again. Sennrich, Haddow & Birch 2016, arXiv:1508.07909.
 *
 * Rule for ties: among pairs of equal count the one with the lower left id is joined, then the lower right id. So the
 * result depends on the counts alone: not on the order of documents.
 */
import { GlossaError } from "../../errors.ts"
import { BYTE_CHARACTERS } from "./byte-alphabet.ts"
import { bytesFromText, textFromBytes, toWellFormed } from "./byte-text.ts"
import { HIGHEST_VOCABULARY } from "./models/vocabulary.ts"
import { PairTable } from "./pair-table.ts"
import { buildPart } from "./parts.ts"
import { compilePattern, SPLIT_PATTERNS, type SplitPatternName } from "./pattern.ts"
import { ownCopy } from "./piece-cache.ts"
import { templateWithFirst } from "./post-processors/template.ts"
import { PRE_TOKENIZERS } from "./pre-tokenizers/index.ts"
import { DEFAULT_SPECIAL_ROLES, DEFAULT_SPECIAL_TOKENS, type SpecialRoles } from "./special-tokens.ts"
import { Tokenizer } from "./tokenizer.ts"

/** How far training is. */
export interface TrainingProgress {
  /** First pieces are counted, then pairs merged. */
  readonly stage: "count" | "merge"
  /** Documents counted, or pieces learned. */
  readonly done: number
  /** Pieces to learn; unknown while counting. */
  readonly total: number | undefined
}

export interface TrainBpeOptions {
  /** Ids in all: special tokens, 256 bytes, and learned pieces. Fewer come out when the text has no more pairs. */
  readonly vocabularySize: number
  /** How text is cut before merging: a known vocabulary's way by name, or a pattern of one's own. Default cl100k. */
  readonly splitPattern?: SplitPatternName | (string & {})
  /** Tokens that stand for structure; they take ids 0, 1, 2, …. Default: DEFAULT_SPECIAL_TOKENS. */
  readonly specialTokens?: readonly string[]
  /** Which of them begin, end and fill. Default: those of DEFAULT_SPECIAL_ROLES that are in `specialTokens`. */
  readonly roles?: SpecialRoles
  /** A pair must be met this often to be joined; at least 1. Default 2. */
  readonly minimumFrequency?: number
  readonly onProgress?: (progress: TrainingProgress) => void
}

/**
 * Learns a byte-level BPE tokenizer. Ids are: special tokens, then the 256 bytes by value, then pieces in the order
 * they were learned. The first id put before a text is the `bos` role's.
 *
 * @throws TOKENIZER_TOO_SMALL when `vocabularySize` has no room for the special tokens and the 256 bytes
 * @throws RECIPE_INVALID when an option is of the wrong kind or contradictory
 * @throws CORPUS_EMPTY when the documents hold no text
 */
export async function trainBpe(
  documents: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  options: TrainBpeOptions,
): Promise<Tokenizer> {
  const specialTokens = options.specialTokens ?? DEFAULT_SPECIAL_TOKENS
  const roles = options.roles ?? rolesAmong(specialTokens)
  checkOptions(options, specialTokens, roles)
  const preTokenizerJson = splitterJson(options.splitPattern ?? "cl100k")
  const preTokenizer = buildPart(PRE_TOKENIZERS, preTokenizerJson, "pre_tokenizer")

  const pieces = await countPieces(documents, (text) => preTokenizer.split(text, true), options.onProgress)
  if (pieces.texts.length === 0) {
    throw new GlossaError("CORPUS_EMPTY", {
      where: "tokenizer training",
      wanted: "documents with text",
      came: "no text at all",
      fix: "name files that are not empty",
    })
  }
  const { tokens, merges } = learnMerges(pieces, {
    vocabularySize: options.vocabularySize,
    minimumFrequency: options.minimumFrequency ?? 2,
    specialTokens,
    onProgress: options.onProgress,
  })

  const bos = roles.bos === undefined ? undefined : specialTokens.indexOf(roles.bos)
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({ id, content, special: true })),
    normalizer: null,
    pre_tokenizer: preTokenizerJson,
    post_processor: bos === undefined ? null : templateWithFirst(specialTokens[bos], bos),
    decoder: { type: "ByteLevel" },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(([left, right]) => `${tokens[left]} ${tokens[right]}`),
    },
  }
  return Tokenizer.fromJson(json, { roles }, "trained tokenizer")
}

/** Distinct pieces and how often each was met. */
export interface PieceCounts {
  readonly texts: readonly string[]
  readonly counts: ArrayLike<number>
}

/** Counts the distinct pieces of all documents. Memory grows with the distinct pieces, not with the text. */
export async function countPieces(
  documents: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  split: (text: string) => string[],
  onProgress?: (progress: TrainingProgress) => void,
): Promise<PieceCounts> {
  const indices = new Map<string, number>()
  const texts: string[] = []
  const counts: number[] = []
  let done = 0
  for await (const document of inBatches(documents)) {
    for (const item of document) {
      const text = typeof item === "string" ? toWellFormed(item) : textFromBytes(item)
      for (const piece of split(text)) {
        const index = indices.get(piece)
        if (index === undefined) {
          const own = ownCopy(piece)
          indices.set(own, texts.length)
          texts.push(own)
          counts.push(1)
        } else counts[index] += 1
      }
      done += 1
    }
    onProgress?.({ stage: "count", done, total: undefined })
  }
  return { texts, counts }
}

/** Documents in small groups, so that a plain iterable does not pay for one promise a document. */
async function* inBatches<Item>(items: Iterable<Item> | AsyncIterable<Item>): AsyncGenerator<Item[]> {
  if (!(Symbol.iterator in items)) {
    for await (const item of items) yield [item]
    return
  }
  let batch: Item[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length < 64) continue
    yield batch
    batch = []
  }
  if (batch.length) yield batch
}

interface LearnSettings {
  readonly vocabularySize: number
  readonly minimumFrequency: number
  readonly specialTokens: readonly string[]
  readonly onProgress?: (progress: TrainingProgress) => void
}

/** Neighbour of the first or last symbol of a piece. */
const NONE = -1

/**
 * Learns merges from piece counts. All pieces lie in one flat linked list of symbols; each pair knows its count and
 * where it occurs, and a heap holds the pairs by count. One merge touches only its own occurrences: n log n in all.
 */
export function learnMerges(pieces: PieceCounts, settings: LearnSettings) {
  const { specialTokens, vocabularySize, minimumFrequency } = settings
  const tokens = [...specialTokens, ...BYTE_CHARACTERS]
  const reserved = new Set(specialTokens)
  const idOfToken = new Map(tokens.map((token, id) => [token, id]))
  const merges: [left: number, right: number, joined: number][] = []
  const list = new SymbolList(pieces, specialTokens.length)
  const pairs = new PairOccurrences()
  for (let at = 0; at < list.length; at++) {
    if (list.next[at] !== NONE) pairs.add(list.symbols[at], list.symbols[list.next[at]], at, list.weights[at])
  }

  const heap = new PairHeap(pairs)
  for (let pair = 0; pair < pairs.table.count; pair++) heap.push(pair)
  const learned = new Set<number>()
  const total = vocabularySize - tokens.length
  const firstLearned = tokens.length
  while (tokens.length < vocabularySize) {
    const pair = heap.pop()
    if (pair === undefined || pairs.counts[pair] < minimumFrequency) break
    const left = pairs.table.left[pair]
    const right = pairs.table.right[pair]
    const token = tokens[left] + tokens[right]
    // A piece spelled like a special token would give one text two meanings.
    if (reserved.has(token)) {
      pairs.counts[pair] = 0
      continue
    }
    // Two ways to join the same text ("ab"+"c", "a"+"bc") lead to one piece.
    const joined = idOfToken.get(token) ?? tokens.length
    if (joined === tokens.length) {
      tokens.push(token)
      idOfToken.set(token, joined)
    }
    if (!learned.has(pair)) merges.push([left, right, joined])
    learned.add(pair)
    joinEverywhere(list, pairs, pair, joined, heap)
    const done = tokens.length - firstLearned
    if (done % 256 === 0 || done === total) settings.onProgress?.({ stage: "merge", done, total })
  }
  return { tokens, merges }
}

/** Replaces every occurrence of `pair` by `joined`, leftmost first, and brings all counts up to date. */
function joinEverywhere(list: SymbolList, pairs: PairOccurrences, pair: number, joined: number, heap: PairHeap): void {
  const { symbols, next, previous, weights } = list
  const left = pairs.table.left[pair]
  const right = pairs.table.right[pair]
  const places = pairs.takeOccurrences(pair)
  const grown = new Set<number>()
  for (const at of places) {
    const after = next[at]
    if (symbols[at] !== left || after === NONE || symbols[after] !== right) continue
    const weight = weights[at]
    const before = previous[at]
    const beyond = next[after]
    pairs.remove(left, right, weight)
    if (before !== NONE) {
      pairs.remove(symbols[before], left, weight)
      grown.add(pairs.add(symbols[before], joined, before, weight))
    }
    if (beyond !== NONE) {
      pairs.remove(right, symbols[beyond], weight)
      grown.add(pairs.add(joined, symbols[beyond], at, weight))
    }
    symbols[at] = joined
    symbols[after] = NONE
    next[at] = beyond
    if (beyond !== NONE) previous[beyond] = at
  }
  for (const changed of grown) heap.push(changed)
}

/** All distinct pieces as symbols in one linked list, each symbol weighted by how often its piece was met. */
class SymbolList {
  readonly length: number
  /** Id at each place; NONE where the symbol became part of the one before. */
  readonly symbols: Int32Array
  readonly next: Int32Array
  readonly previous: Int32Array
  readonly weights: Float64Array

  constructor({ texts, counts }: PieceCounts, firstByteId: number) {
    const bytes = texts.map(bytesFromText)
    this.length = bytes.reduce((sum, piece) => sum + piece.length, 0)
    this.symbols = new Int32Array(this.length)
    this.next = new Int32Array(this.length).fill(NONE)
    this.previous = new Int32Array(this.length).fill(NONE)
    this.weights = new Float64Array(this.length)
    let at = 0
    bytes.forEach((piece, index) => {
      const start = at
      const end = at + piece.length
      for (; at < end; at++) {
        this.symbols[at] = firstByteId + piece[at - start]
        this.weights[at] = counts[index]
        if (at > start) this.previous[at] = at - 1
        if (at + 1 < end) this.next[at] = at + 1
      }
    })
  }
}

/** Every adjacent pair: its count, and the places where it began when it was added (some may have gone since). */
class PairOccurrences {
  readonly table = new PairTable(1 << 14)
  readonly counts: number[] = []
  readonly #places: number[][] = []

  /** Counts one more occurrence; returns the pair's entry. */
  add(left: number, right: number, at: number, weight: number): number {
    const pair = this.table.findOrAdd(left, right)
    if (pair === this.counts.length) {
      this.counts.push(weight)
      this.#places.push([at])
    } else {
      this.counts[pair] += weight
      this.#places[pair].push(at)
    }
    return pair
  }

  remove(left: number, right: number, weight: number): void {
    this.counts[this.table.find(left, right)] -= weight
  }

  /** Hands over the places of a pair in ascending order and forgets them. */
  takeOccurrences(pair: number): number[] {
    const places = this.#places[pair]
    this.#places[pair] = []
    for (let index = 1; index < places.length; index++) {
      if (places[index] < places[index - 1]) return places.sort((left, right) => left - right)
    }
    return places
  }
}

/** Pairs by count, highest first; ties by left id, then right id. Counts that fell since a push are noticed on pop. */
class PairHeap {
  readonly #pairs: PairOccurrences
  readonly #entries: number[] = []
  /** The count each entry was pushed with. */
  readonly #pushed: number[] = []

  constructor(pairs: PairOccurrences) {
    this.#pairs = pairs
  }

  push(pair: number): void {
    const count = this.#pairs.counts[pair]
    if (count <= 0) return
    let at = this.#entries.length
    this.#entries.push(pair)
    this.#pushed.push(count)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#precedes(pair, count, this.#entries[parent], this.#pushed[parent])) break
      this.#entries[at] = this.#entries[parent]
      this.#pushed[at] = this.#pushed[parent]
      at = parent
    }
    this.#entries[at] = pair
    this.#pushed[at] = count
  }

  /** The most frequent pair, or undefined when no pair is left. */
  pop(): number | undefined {
    while (this.#entries.length > 0) {
      const pair = this.#entries[0]
      const pushed = this.#pushed[0]
      this.#removeTop()
      const count = this.#pairs.counts[pair]
      if (count === pushed) return pair
      // Fallen: back in with what it is now. Grown: an entry with the higher count was pushed then and is gone.
      if (count < pushed) this.push(pair)
    }
    return undefined
  }

  #removeTop(): void {
    const pair = this.#entries.pop() as number
    const count = this.#pushed.pop() as number
    const size = this.#entries.length
    if (size === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (
        child + 1 < size &&
        this.#precedes(this.#entries[child + 1], this.#pushed[child + 1], this.#entries[child], this.#pushed[child])
      ) {
        child += 1
      }
      if (this.#precedes(pair, count, this.#entries[child], this.#pushed[child])) break
      this.#entries[at] = this.#entries[child]
      this.#pushed[at] = this.#pushed[child]
      at = child
    }
    this.#entries[at] = pair
    this.#pushed[at] = count
  }

  #precedes(pair: number, count: number, other: number, otherCount: number): boolean {
    if (count !== otherCount) return count > otherCount
    const { left, right } = this.#pairs.table
    return left[pair] < left[other] || (left[pair] === left[other] && right[pair] < right[other])
  }
}

function splitterJson(splitPattern: string) {
  const source = Object.hasOwn(SPLIT_PATTERNS, splitPattern)
    ? SPLIT_PATTERNS[splitPattern as SplitPatternName]
    : splitPattern
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true }
  if (source === SPLIT_PATTERNS.gpt2) return { ...byteLevel, use_regex: true }
  const split = { type: "Split", pattern: { Regex: source }, behavior: "Isolated", invert: false }
  return { type: "Sequence", pretokenizers: [split, { ...byteLevel, use_regex: false }] }
}

function rolesAmong(specialTokens: readonly string[]): SpecialRoles {
  return Object.fromEntries(Object.entries(DEFAULT_SPECIAL_ROLES).filter(([, token]) => specialTokens.includes(token)))
}

function checkOptions(options: TrainBpeOptions, specialTokens: readonly string[], roles: SpecialRoles): void {
  const { vocabularySize, minimumFrequency = 2, splitPattern } = options
  const refuse = (where: string, wanted: string, came: unknown) => {
    throw new GlossaError("RECIPE_INVALID", { where: `tokenizer training: ${where}`, wanted, came: `${came}` })
  }
  if (!Number.isInteger(vocabularySize) || vocabularySize > HIGHEST_VOCABULARY) {
    refuse("vocabularySize", `a whole number up to ${HIGHEST_VOCABULARY}`, vocabularySize)
  }
  if (!(minimumFrequency >= 1)) refuse("minimumFrequency", "a number of at least 1", minimumFrequency)
  specialTokens.forEach((token, index) => {
    if (token === "") refuse("specialTokens", "texts of at least one character", "an empty one")
    if (specialTokens.indexOf(token) !== index) refuse("specialTokens", "each token once", `"${token}" twice`)
    if (BYTE_CHARACTERS.includes(token)) refuse("specialTokens", "texts that no byte is spelled with", `"${token}"`)
  })
  for (const [role, token] of Object.entries(roles)) {
    if (token !== undefined && !specialTokens.includes(token)) {
      refuse(`roles.${role}`, "one of the special tokens", `"${token}"`)
    }
  }
  if (splitPattern !== undefined && !Object.hasOwn(SPLIT_PATTERNS, splitPattern)) {
    compilePattern(splitPattern, "tokenizer training: splitPattern")
  }
  const needed = specialTokens.length + BYTE_CHARACTERS.length
  if (vocabularySize < needed) {
    throw new GlossaError("TOKENIZER_TOO_SMALL", {
      where: "tokenizer training: vocabularySize",
      wanted: `at least ${needed} (${specialTokens.length} special tokens and 256 bytes)`,
      came: `${vocabularySize}`,
      fix: `ask for ${needed} or more`,
    })
  }
}
