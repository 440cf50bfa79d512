/**
 * `BPE`: a piece starts as single characters; the adjacent pair whose merge was learned first is joined, the leftmost
 * first among equals, until no learned pair is left. Sennrich, Haddow & Birch 2016, arXiv:1508.07909.
 */
import { z } from "zod"
import { bytesFromText } from "../byte-text.ts"
import { NO_ENTRY, PairTable } from "../pair-table.ts"
import { describeValue, type PartDefinition, parseSettings, tokenizerInvalid } from "../parts.ts"
import type { TokenizerModel } from "./index.ts"
import { readVocabulary } from "./vocabulary.ts"

const settingsSchema = z.object({
  // Files written before the field existed leave it out.
  type: z.literal("BPE").default("BPE"),
  dropout: z.number().nullish(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().default(false),
  byte_fallback: z.boolean().default(false),
  ignore_merges: z.boolean().default(false),
  // Checked entry by entry below: schemas over hundreds of thousands of entries are slow.
  vocab: z.custom<Record<string, unknown>>(
    (vocab) => typeof vocab === "object" && vocab !== null && !Array.isArray(vocab),
    "an object of tokens and ids",
  ),
  merges: z.array(z.unknown()),
})

type BpeSettings = z.output<typeof settingsSchema>

/** Pieces up to this many symbols are merged by scanning for the best pair; longer ones with a heap. */
const SCAN_LIMIT = 48

/** Rank of a pair that no merge joins. */
const NEVER = 0x7fffffff

/** A merge loop over learned pairs; shared by the model and by tests that hold its two ways against each other. */
export class MergeTable {
  readonly #pairs: PairTable
  readonly #ranks: Int32Array
  readonly #merged: Int32Array

  /** `merges` in the order they were learned: [left id, right id, id of the joined piece]. */
  constructor(merges: readonly (readonly [left: number, right: number, joined: number])[]) {
    this.#pairs = new PairTable(merges.length)
    this.#ranks = new Int32Array(merges.length)
    this.#merged = new Int32Array(merges.length)
    merges.forEach(([left, right, joined], rank) => {
      const entry = this.#pairs.findOrAdd(left, right)
      this.#ranks[entry] = rank
      this.#merged[entry] = joined
    })
  }

  /** Joins `symbols` as far as the merges go; returns the ids left. Cost n log n for long pieces. */
  apply(symbols: number[]): number[] {
    return symbols.length <= SCAN_LIMIT ? this.applyByScan(symbols) : this.applyByHeap(symbols)
  }

  /** Looks for the best pair anew after every merge: the fastest way while pieces are short. Changes `symbols`. */
  applyByScan(symbols: number[]): number[] {
    const entries: number[] = []
    for (let at = 0; at + 1 < symbols.length; at++) entries.push(this.#pairs.find(symbols[at], symbols[at + 1]))
    for (;;) {
      let best = -1
      let bestRank = NEVER
      for (let at = 0; at < entries.length; at++) {
        const entry = entries[at]
        if (entry !== NO_ENTRY && this.#ranks[entry] < bestRank) {
          best = at
          bestRank = this.#ranks[entry]
        }
      }
      if (best < 0) return symbols
      symbols[best] = this.#merged[entries[best]]
      symbols.splice(best + 1, 1)
      entries.splice(best, 1)
      if (best > 0) entries[best - 1] = this.#pairs.find(symbols[best - 1], symbols[best])
      if (best < entries.length) entries[best] = this.#pairs.find(symbols[best], symbols[best + 1])
    }
  }

  /** Keeps the candidate pairs in a heap and the symbols in a linked list: for pieces of any length. */
  applyByHeap(symbols: readonly number[]): number[] {
    const count = symbols.length
    const ids = Int32Array.from(symbols)
    const next = Int32Array.from(ids, (_, at) => at + 1)
    const previous = Int32Array.from(ids, (_, at) => at - 1)
    const heap = new CandidateHeap(3 * count)
    const offer = (at: number) => {
      const after = next[at]
      const entry = after < count ? this.#pairs.find(ids[at], ids[after]) : NO_ENTRY
      if (entry !== NO_ENTRY) heap.push(this.#ranks[entry] * POSITIONS + at)
    }
    for (let at = 0; at + 1 < count; at++) offer(at)
    while (heap.size > 0) {
      const candidate = heap.pop()
      const at = candidate % POSITIONS
      const after = next[at]
      if (ids[at] < 0 || after >= count) continue
      const entry = this.#pairs.find(ids[at], ids[after])
      // The pair here may have been joined, or become another, since it was offered.
      if (entry === NO_ENTRY || this.#ranks[entry] !== Math.floor(candidate / POSITIONS)) continue
      ids[at] = this.#merged[entry]
      ids[after] = JOINED
      next[at] = next[after]
      if (next[at] < count) previous[next[at]] = at
      if (previous[at] >= 0) offer(previous[at])
      offer(at)
    }
    const joined: number[] = []
    for (let at = 0; at < count; at = next[at]) joined.push(ids[at])
    return joined
  }
}

/** More places than a JavaScript string can have; a candidate is `rank × POSITIONS + place`. */
const POSITIONS = 2 ** 30
/** Marks a symbol that is now part of the one before it. */
const JOINED = -1

/** A binary heap of numbers, smallest first. */
class CandidateHeap {
  size = 0
  readonly #items: Float64Array

  constructor(capacity: number) {
    this.#items = new Float64Array(capacity)
  }

  push(item: number): void {
    const items = this.#items
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (items[parent] <= item) break
      items[at] = items[parent]
      at = parent
    }
    items[at] = item
  }

  pop(): number {
    const items = this.#items
    const top = items[0]
    const item = items[--this.size]
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.size) break
      if (child + 1 < this.size && items[child + 1] < items[child]) child += 1
      if (items[child] >= item) break
      items[at] = items[child]
      at = child
    }
    items[at] = item
    return top
  }
}

export const bpeModel: PartDefinition<TokenizerModel> = {
  type: "BPE",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    if (settings.dropout) throw tokenizerInvalid(`${where}.dropout`, "null or 0", describeValue(settings.dropout))
    const vocabulary = readVocabulary(settings.vocab, `${where}.vocab`)
    const unknownId = settings.unk_token == null ? undefined : vocabulary.get(settings.unk_token)
    if (settings.unk_token != null && unknownId === undefined) {
      throw tokenizerInvalid(`${where}.unk_token`, "a token of the vocabulary", describeValue(settings.unk_token))
    }
    const merges = readMerges(settings, vocabulary, where)
    const table = new MergeTable(merges)
    const initial = initialSymbols(settings, vocabulary, unknownId)
    return {
      vocabulary,
      tokenize(piece) {
        const whole = settings.ignore_merges ? vocabulary.get(piece) : undefined
        return whole === undefined ? table.apply(initial(piece)) : [whole]
      },
      toJson: () => settings,
    }
  },
}

/** The merges as ids, each checked against the vocabulary. */
function readMerges(settings: BpeSettings, vocabulary: Map<string, number>, where: string) {
  const prefixLength = settings.continuing_subword_prefix?.length ?? 0
  return settings.merges.map((merge, rank): readonly [number, number, number] => {
    const place = `${where}.merges[${rank}]`
    const parts = typeof merge === "string" ? merge.split(" ") : merge
    if (!Array.isArray(parts) || parts.length !== 2 || !parts.every((part) => typeof part === "string")) {
      throw tokenizerInvalid(place, "two tokens with one space between", describeValue(merge))
    }
    const [left, right] = parts as [string, string]
    const joined = left + right.slice(prefixLength)
    const ids = [left, right, joined].map((token) => {
      const id = vocabulary.get(token)
      if (id === undefined) {
        throw tokenizerInvalid(place, "tokens of the vocabulary", `${describeValue(token)}, which has no id`)
      }
      return id
    })
    return [ids[0], ids[1], ids[2]]
  })
}

/** How a piece becomes its first symbols: one per character, with what stands in for characters without an id. */
function initialSymbols(settings: BpeSettings, vocabulary: Map<string, number>, unknownId: number | undefined) {
  const prefix = settings.continuing_subword_prefix ?? ""
  const suffix = settings.end_of_word_suffix ?? ""
  /** Id of each one-unit character below U+0200, which byte-level spelling stays within; −1 where there is none. */
  const near = Int32Array.from({ length: 0x200 }, (_, code) => vocabulary.get(String.fromCharCode(code)) ?? -1)

  return (piece: string): number[] => {
    const symbols: number[] = []
    let afterUnknown = false
    const decorated = prefix !== "" || suffix !== ""
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at)
      if (!decorated && code < 0x200 && near[code] >= 0) {
        symbols.push(near[code])
        afterUnknown = false
        continue
      }
      const character = String.fromCodePoint(piece.codePointAt(at) as number)
      const from = at
      at += character.length - 1
      const token = `${from > 0 ? prefix : ""}${character}${at + 1 === piece.length ? suffix : ""}`
      const id = vocabulary.get(token)
      if (id !== undefined) symbols.push(id)
      else {
        const fallback = settings.byte_fallback ? byteTokens(token, vocabulary) : undefined
        if (fallback) symbols.push(...fallback)
        else if (unknownId !== undefined) {
          if (!(settings.fuse_unk && afterUnknown)) symbols.push(unknownId)
          afterUnknown = true
          continue
        }
      }
      afterUnknown = false
    }
    return symbols
  }
}

/** Ids of `<0x00>`-style tokens for a character's bytes, when the vocabulary has them all. */
function byteTokens(token: string, vocabulary: Map<string, number>): number[] | undefined {
  const ids: number[] = []
  for (const byte of bytesFromText(token)) {
    const id = vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`)
    if (id === undefined) return undefined
    ids.push(id)
  }
  return ids
}
