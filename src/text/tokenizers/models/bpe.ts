/**
 * `BPE`: a piece starts as single characters; the adjacent pair whose merge was learned first is joined, the leftmost
 * first among equals, until no learned pair is left. Sennrich, Haddow & Birch 2016, arXiv:1508.07909.
 */
import { z } from "zod"
import { bytesFromText } from "../byte-text.ts"
import type { MergeStep, MergeSteps, VocabularyToken } from "../explaining/piece-steps.ts"
import type { IdBuffer } from "../id-buffer.ts"
import { NO_ENTRY, PairTable } from "../pair-table.ts"
import { describeValue, type PartDefinition, parseSettings, tokenizerInvalid } from "../parts.ts"
import { type NewPiece, PieceCache } from "../piece-cache.ts"
import type { PieceScanner } from "../piece-scanners.ts"
import type { SubwordSampler } from "../subword-sampler.ts"
import { NO_TEXT, TextTable } from "../text-table.ts"
import { TextUnits, textOfUnits, unitsOf } from "../text-units.ts"
import type { TokenizerModel, TokenSpan } from "./index.ts"
import { MergeTable } from "./merge-table.ts"
import { byteTokenIds, readVocabulary, vocabularySchema } from "./vocabulary.ts"

export { MergeTable } from "./merge-table.ts"

const settingsSchema = z.object({
  // Files written before the field existed leave it out.
  type: z.literal("BPE").default("BPE"),
  dropout: z.number().min(0).max(1).nullish(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().default(false),
  byte_fallback: z.boolean().default(false),
  ignore_merges: z.boolean().default(false),
  vocab: vocabularySchema,
  merges: z.array(z.unknown()),
})

type BpeSettings = z.output<typeof settingsSchema>

/** Pieces of more UTF-16 units are cut where no merge can join, when the pre-tokenizer has left them whole. */
const LONG_PIECE = 64
/** Chance of dropout where neither the call nor the model names one. */
const DEFAULT_DROPOUT = 0.1

export const bpeModel: PartDefinition<TokenizerModel> = {
  type: "BPE",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const vocabulary = readVocabulary(settings.vocab, `${where}.vocab`)
    const unknownId = settings.unk_token == null ? undefined : vocabulary.get(settings.unk_token)
    if (settings.unk_token != null && unknownId === undefined) {
      throw tokenizerInvalid(`${where}.unk_token`, "a token of the vocabulary", describeValue(settings.unk_token))
    }
    const table = readMerges(settings, vocabulary, where)
    const initial = initialSymbols(settings, vocabulary, unknownId)
    const decorated = Boolean(settings.continuing_subword_prefix || settings.end_of_word_suffix)
    const seams = decorated ? undefined : new Seams(settings.merges as readonly unknown[], vocabulary)
    /** Of pieces that come whole; made at the first long one. */
    let stretches: { readonly cache: PieceCache; readonly units: TextUnits } | undefined

    const merge = (piece: string, sampler: SubwordSampler | undefined, lengths?: number[]): number[] => {
      const symbols = initial(piece, lengths)
      if (!sampler) return table.apply(symbols, lengths)
      const dropout = sampler.dropout ?? (settings.dropout || DEFAULT_DROPOUT)
      return table.applyByHeap(symbols, lengths, () => sampler.next() < dropout)
    }
    const mergeStretch: NewPiece = (units, from, to, ids) => {
      ids.pushAll(merge(textOfUnits(units, from, to), undefined))
      return true
    }
    const mergeByStretches = (piece: string, cuts: Seams, ids: IdBuffer): void => {
      stretches ??= { cache: new PieceCache(), units: new TextUnits() }
      stretches.cache.append(stretches.units.load(piece), 0, piece.length, cuts.next, mergeStretch, ids)
    }
    const explain = (piece: string): MergeSteps => {
      const names = tokenNames(vocabulary)
      const named = (id: number) => ({ id, token: names[id] })
      const symbols: VocabularyToken[] = []
      const merges: MergeStep[] = []
      const units = unitsOf(piece)
      for (let from = 0; from < piece.length; ) {
        const to = seams && piece.length > LONG_PIECE ? seams.next(units, from, piece.length) : piece.length
        const first = symbols.length
        const ids = initial(piece.slice(from, to))
        for (const id of ids) symbols.push(named(id))
        table.applyByHeap(ids, undefined, undefined, ({ rank, left, right, joined, start, middle, end }) => {
          const tokens = { left: named(left), right: named(right), joined: named(joined) }
          merges.push({ rank, ...tokens, start: first + start, middle: first + middle, end: first + end })
        })
        from = to
      }
      return { kind: "merges", symbols, merges, isTakenWhole: settings.ignore_merges && vocabulary.has(piece) }
    }
    return {
      vocabulary,
      unknownId,
      explain,
      tokenize(piece, ids, sampler) {
        const whole = settings.ignore_merges && !sampler ? vocabulary.get(piece) : undefined
        if (whole !== undefined) ids.push(whole)
        else if (seams && !sampler && piece.length > LONG_PIECE) mergeByStretches(piece, seams, ids)
        else ids.pushAll(merge(piece, sampler))
      },
      tokenizeSpans(piece, sampler) {
        const whole = settings.ignore_merges && !sampler ? vocabulary.get(piece) : undefined
        if (whole !== undefined) return [{ id: whole, token: piece, start: 0, end: piece.length }]
        const lengths: number[] = []
        const ids = merge(piece, sampler, lengths)
        return spansOf(piece, ids, lengths, tokenNames(vocabulary))
      },
      toJson: () => settings,
    }
  },
}

const names = new WeakMap<ReadonlyMap<string, number>, string[]>()

/** The token of each id. */
function tokenNames(vocabulary: ReadonlyMap<string, number>): readonly string[] {
  let known = names.get(vocabulary)
  if (!known) {
    known = []
    for (const [token, id] of vocabulary) known[id] = token
    names.set(vocabulary, known)
  }
  return known
}

/** Tokens with their places, from their lengths in UTF-8. A character's bytes all lie where the character does. */
function spansOf(
  piece: string,
  ids: readonly number[],
  lengths: readonly number[],
  tokens: readonly string[],
): TokenSpan[] {
  /** UTF-16 index of the character that each byte belongs to, and of its end. */
  const starts: number[] = []
  const ends: number[] = []
  let unit = 0
  for (const character of piece) {
    for (let bytes = bytesFromText(character).length; bytes > 0; bytes--) {
      starts.push(unit)
      ends.push(unit + character.length)
    }
    unit += character.length
  }
  let byte = 0
  return ids.map((id, index) => {
    const from = byte
    byte += lengths[index]
    return { id, token: tokens[id], start: starts[from] ?? unit, end: ends[byte - 1] ?? unit }
  })
}

/** The merges by id, each checked against the vocabulary. */
function readMerges(settings: BpeSettings, vocabulary: Map<string, number>, where: string): MergeTable {
  const prefixLength = settings.continuing_subword_prefix?.length ?? 0
  const table = new MergeTable(settings.merges.length)
  const ids = TextTable.of(vocabulary)
  for (const [rank, merge] of settings.merges.entries()) {
    const place = () => `${where}.merges[${rank}]`
    const [left, leftEnd, right, rightStart] = partsOfMerge(merge, place)
    const joinedFrom = Math.min(right.length, rightStart + prefixLength)
    const leftId = ids.find(left, 0, leftEnd)
    const rightId = ids.find(right, rightStart, right.length)
    const joinedId = ids.findJoined(left, 0, leftEnd, right, joinedFrom, right.length)
    if (leftId === NO_TEXT || rightId === NO_TEXT || joinedId === NO_TEXT) {
      const parts = [left.slice(0, leftEnd), right.slice(rightStart)]
      const tokens = [...parts, parts[0] + right.slice(joinedFrom)]
      const token = tokens[[leftId, rightId, joinedId].indexOf(NO_TEXT)]
      throw tokenizerInvalid(place(), "tokens of the vocabulary", `${describeValue(token)}, which has no id`)
    }
    table.add(leftId, rightId, joinedId)
  }
  return table
}

/** Where the two tokens of a merge lie: the first up to an index of one text, the second from an index of another on. */
function partsOfMerge(merge: unknown, place: () => string): readonly [string, number, string, number] {
  if (typeof merge === "string") {
    const gap = merge.indexOf(" ")
    if (gap >= 0 && merge.indexOf(" ", gap + 1) < 0) return [merge, gap, merge, gap + 1]
  } else if (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === "string"))
    return [merge[0], merge[0].length, merge[1], 0]
  throw tokenizerInvalid(place(), "two tokens with one space between", describeValue(merge))
}

/**
 * Finds where a text can be cut without changing what merges make of it: between two characters of the vocabulary that
 * no merge brings together. Texts that come whole, as SentencePiece's do, fall into words that way.
 */
class Seams {
  readonly #merges: readonly unknown[]
  readonly #vocabulary: ReadonlyMap<string, number>
  /** The characters that meet in a merge; made at the first long piece. */
  #joined: PairTable | undefined
  /** For each unit: 0 unknown yet, 1 a token, 2 none; made at the first long piece. */
  #characters: Uint8Array | undefined

  constructor(merges: readonly unknown[], vocabulary: ReadonlyMap<string, number>) {
    this.#merges = merges
    this.#vocabulary = vocabulary
  }

  /** The first seam between `from` and `end`, or `end`. Only characters below U+10000 are looked at. */
  readonly next: PieceScanner = (units, from, end) => {
    const joined = (this.#joined ??= this.#meetings())
    let left = units[from]
    for (let at = from + 1; at < end; at++) {
      const right = units[at]
      if (joined.find(left, right) === NO_ENTRY && this.#isToken(left) && this.#isToken(right)) return at
      left = right
    }
    return end
  }

  #isToken(unit: number): boolean {
    const characters = (this.#characters ??= new Uint8Array(0x10000))
    if (characters[unit] === 0) characters[unit] = this.#vocabulary.has(String.fromCharCode(unit)) ? 1 : 2
    return characters[unit] === 1
  }

  #meetings(): PairTable {
    const joined = new PairTable(4096)
    for (const merge of this.#merges) {
      const [left, right] = typeof merge === "string" ? merge.split(" ") : (merge as readonly string[])
      if (left !== "" && right !== "") joined.findOrAdd(left.charCodeAt(left.length - 1), right.charCodeAt(0))
    }
    return joined
  }
}

/**
 * How a piece becomes its first symbols: one per character, with what stands in for characters without an id. Their
 * lengths in UTF-8 bytes are appended to `lengths`.
 */
function initialSymbols(settings: BpeSettings, vocabulary: Map<string, number>, unknownId: number | undefined) {
  const prefix = settings.continuing_subword_prefix ?? ""
  const suffix = settings.end_of_word_suffix ?? ""
  const decorated = prefix !== "" || suffix !== ""
  /** Id of each one-unit character below U+0200, which byte-level spelling stays within; −1 where there is none. */
  let near: Int32Array | undefined
  const makeNear = () => {
    const ids = new Int32Array(0x200)
    for (let code = 0; code < ids.length; code++) ids[code] = vocabulary.get(String.fromCharCode(code)) ?? -1
    return ids
  }

  return (piece: string, lengths?: number[]): number[] => {
    const known = (near ??= makeNear())
    const symbols: number[] = []
    /** Bytes of the unknown token that is not written yet: as in the Rust library, it waits for a known character. */
    let waiting = 0
    const writeUnknown = () => {
      symbols.push(unknownId as number)
      lengths?.push(waiting)
      waiting = 0
    }
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at)
      if (!decorated && code < 0x200 && known[code] >= 0) {
        if (waiting > 0) writeUnknown()
        symbols.push(known[code])
        lengths?.push(code < 0x80 ? 1 : 2)
        continue
      }
      const character = String.fromCodePoint(piece.codePointAt(at) as number)
      const from = at
      at += character.length - 1
      const token = decorated
        ? `${from > 0 ? prefix : ""}${character}${at + 1 === piece.length ? suffix : ""}`
        : character
      const id = vocabulary.get(token)
      if (id !== undefined) {
        if (waiting > 0) writeUnknown()
        symbols.push(id)
        lengths?.push(bytesFromText(character).length)
        continue
      }
      const fallback = settings.byte_fallback ? byteTokenIds(bytesFromText(token), vocabulary) : undefined
      if (fallback) {
        for (const byteId of fallback) {
          symbols.push(byteId)
          lengths?.push(1)
        }
      } else if (unknownId !== undefined) {
        if (waiting > 0 && !settings.fuse_unk) writeUnknown()
        waiting += bytesFromText(character).length
      }
    }
    if (waiting > 0) writeUnknown()
    return symbols
  }
}
