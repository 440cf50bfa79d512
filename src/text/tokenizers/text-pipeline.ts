/**
 * The way of one text through a tokenizer: added tokens → normalizer → pre-tokenizer → model. It can be gone in two
 * ways, which give the same ids: on plain strings, fast, for ids alone; and on aligned texts, for tokens with places.
 */
import { type AddedToken, AddedTokenFinder } from "./added-tokens.ts"
import { AlignedText } from "./aligned-text.ts"
import { isWellFormed, toWellFormed } from "./byte-text.ts"
import type { ExplainedAddedToken, ExplainedPiece, ExplainedStretch, Explanation } from "./explaining/explain.ts"
import type { IdBuffer } from "./id-buffer.ts"
import type { TokenizerModel, TokenSpan } from "./models/index.ts"
import type { Normalizer } from "./normalizers/index.ts"
import { type NewPiece, ownCopy, PieceCache } from "./piece-cache.ts"
import { type PieceScanner, scanAll } from "./piece-scanners.ts"
import type { PreTokenizer } from "./pre-tokenizers/index.ts"
import type { SubwordSampler } from "./subword-sampler.ts"
import { TextUnits, textOfUnits } from "./text-units.ts"

/** The parts that a text goes through, as tokenizer.json names them. */
export interface PipelineParts {
  readonly normalizer: Normalizer | undefined
  readonly preTokenizer: PreTokenizer | undefined
  readonly model: TokenizerModel
  readonly addedTokens: readonly AddedToken[]
}

/** One token and the UTF-16 indices of the text it stands for. */
export interface PlacedToken {
  readonly id: number
  readonly token: string
  readonly start: number
  readonly end: number
  /** Number of the piece it is in. */
  readonly word: number
}

/** What is told of a text on its way to the model. */
interface TextVisitor {
  /** An added token, found in the text as it was or as it was normalized. */
  added(token: AddedToken, place: AlignedText, isNormalized: boolean): void
  /** A stretch between those of the original text; what is found in it follows. */
  stretch?(original: AlignedText, normalized: AlignedText): void
  /** A piece for the model. */
  piece(piece: AlignedText): void
}

/** How long and how many the pieces are whose places are remembered. */
const LONGEST_KEPT = 32
const MOST_KEPT = 2 ** 15

/** How a text is read for its ids. */
export interface TextReading {
  /** Whether special tokens written out in it are found. */
  readonly parsesSpecial: boolean
  /** Whether lone surrogates stand for bytes that are not UTF-8, as `textFromBytes` has it; else they count as U+FFFD. */
  readonly holdsBytes: boolean
  /** Cuts pieces by chance. */
  readonly sampler: SubwordSampler | undefined
}

/** Finders for the original text and for the normalized one. */
type Finders = readonly [original: AddedTokenFinder, normalized: AddedTokenFinder]

export class TextPipeline {
  readonly #normalizer: Normalizer | undefined
  readonly #preTokenizer: PreTokenizer | undefined
  readonly #model: TokenizerModel
  readonly #cache = new PieceCache()
  readonly #loader = new TextUnits()
  readonly #spans = new Map<string, readonly TokenSpan[]>()
  readonly #plainFinders: Finders
  readonly #allFinders: Finders

  constructor({ normalizer, preTokenizer, model, addedTokens }: PipelineParts) {
    this.#normalizer = normalizer
    this.#preTokenizer = preTokenizer
    this.#model = model
    const finders = (tokens: readonly AddedToken[]): Finders => [
      new AddedTokenFinder(tokens.filter((token) => !token.normalized)),
      new AddedTokenFinder(
        tokens.filter((token) => token.normalized),
        normalizer,
      ),
    ]
    this.#plainFinders = finders(addedTokens.filter((token) => !token.special))
    this.#allFinders = finders(addedTokens)
  }

  /**
   * How texts are cut where they can be read as units: where nothing is looked for in them and nothing rewritten before
   * they are cut by a scanner. Undefined where they must be strings.
   */
  unitScanner(parsesSpecial: boolean): PieceScanner | undefined {
    const [original, normalized] = parsesSpecial ? this.#allFinders : this.#plainFinders
    const isPlain = !this.#normalizer && original.isEmpty && normalized.isEmpty && !this.#preTokenizer?.needsPlaces
    return isPlain ? this.#preTokenizer?.scan : undefined
  }

  /** Appends the ids of the text between two places, cut by `scan`; see `TextReading.holdsBytes`. */
  appendUnitIds(
    units: Uint16Array,
    from: number,
    end: number,
    scan: PieceScanner,
    holdsBytes: boolean,
    ids: IdBuffer,
  ): void {
    this.#cache.append(units, from, end, scan, holdsBytes ? this.#newBytePiece : this.#newPiece, ids)
  }

  /** Appends the ids of a text. */
  appendIds(given: string, { parsesSpecial, holdsBytes, sampler }: TextReading, ids: IdBuffer): void {
    const scan = sampler ? undefined : this.unitScanner(parsesSpecial)
    if (scan) {
      this.appendUnitIds(this.#loader.load(given), 0, given.length, scan, holdsBytes, ids)
      return
    }
    const text = holdsBytes ? given : toWellFormed(given)
    if (this.#preTokenizer?.needsPlaces) {
      for (const { id } of this.tokens(text, parsesSpecial, sampler)) ids.push(id)
      return
    }
    const [original, normalized] = parsesSpecial ? this.#allFinders : this.#plainFinders
    eachPart(text, original, (stretch, from) => {
      if (typeof stretch !== "string") {
        ids.push(stretch.id)
        return
      }
      const rewritten = this.#normalizer ? this.#normalizer.normalize(stretch) : stretch
      eachPart(rewritten, normalized, (part, place) => {
        if (typeof part !== "string") ids.push(part.id)
        else this.#appendPlainIds(part, from + place === 0 && this.#startsText(stretch), ids, sampler)
      })
    })
  }

  /** The tokens of a text, each with its place. */
  tokens(text: string, parsesSpecial: boolean, sampler?: SubwordSampler): PlacedToken[] {
    const tokens: PlacedToken[] = []
    let word = 0
    this.#walk(text, parsesSpecial, {
      added: ({ id }, { text: token, start, end }) => {
        tokens.push({ id, token, start, end, word })
        word += 1
      },
      piece: (piece) => {
        for (const { id, token, start, end } of this.#spansOf(piece.text, sampler))
          tokens.push({ id, token, ...placeIn(piece, start, end), word })
        word += 1
      },
    })
    return tokens
  }

  /** What becomes of a text, step by step. */
  explain(text: string, parsesSpecial: boolean, alternatives: number): Explanation["parts"] {
    const parts: (ExplainedAddedToken | ExplainedStretch)[] = []
    /** Of the stretch that is open. */
    let inner: (ExplainedAddedToken | ExplainedPiece)[] = []
    const sourceOf = ({ start, end }: AlignedText) => text.slice(start, end)
    this.#walk(text, parsesSpecial, {
      added: (token, place, isNormalized) => {
        const added = { kind: "added", token, source: sourceOf(place) } as const
        if (isNormalized) inner.push(added)
        else parts.push(added)
      },
      stretch: (original, { text: normalized }) => {
        inner = []
        parts.push({ kind: "stretch", source: sourceOf(original), normalized, parts: inner })
      },
      piece: (piece) => {
        const steps = this.#model.explain(piece.text, alternatives)
        const tokens = this.#model.tokenizeSpans(piece.text).map(({ id, token }) => ({ id, token }))
        inner.push({ kind: "piece", source: sourceOf(piece), spelled: piece.text, steps, tokens })
      },
    })
    return parts
  }

  /** Goes through a text from left to right and tells `visitor` what it meets. */
  #walk(text: string, parsesSpecial: boolean, visitor: TextVisitor): void {
    const [original, normalized] = parsesSpecial ? this.#allFinders : this.#plainFinders
    eachAlignedPart(AlignedText.of(text), original, (stretch, added) => {
      if (added) {
        visitor.added(added, stretch, false)
        return
      }
      const rewritten = this.#normalizer ? this.#normalizer.normalizeAligned(stretch) : stretch
      visitor.stretch?.(stretch, rewritten)
      eachAlignedPart(rewritten, normalized, (part, addedHere) => {
        if (addedHere) visitor.added(addedHere, part, true)
        else
          for (const piece of this.#preTokenizer ? this.#preTokenizer.splitAligned(part) : [part])
            if (piece.text !== "") visitor.piece(piece)
      })
    })
  }

  /** The tokens of a piece, remembered for pieces met again. */
  #spansOf(piece: string, sampler: SubwordSampler | undefined): readonly TokenSpan[] {
    if (sampler || piece.length > LONGEST_KEPT) return this.#model.tokenizeSpans(piece, sampler)
    let spans = this.#spans.get(piece)
    if (!spans) {
      spans = this.#model.tokenizeSpans(piece)
      if (this.#spans.size >= MOST_KEPT) this.#spans.clear()
      this.#spans.set(ownCopy(piece), spans)
    }
    return spans
  }

  /** Appends the ids of text that holds no added token. */
  #appendPlainIds(text: string, isFirst: boolean, ids: IdBuffer, sampler: SubwordSampler | undefined): void {
    const preTokenizer = this.#preTokenizer
    if (sampler) {
      for (const piece of preTokenizer ? preTokenizer.split(text, isFirst) : [text])
        this.#model.tokenize(preTokenizer?.spell?.(piece) ?? piece, ids, sampler)
      return
    }
    const scan = preTokenizer?.scan
    if (scan) this.appendUnitIds(this.#loader.load(text), 0, text.length, scan, true, ids)
    else for (const piece of preTokenizer ? preTokenizer.split(text, isFirst) : [text]) this.#appendPiece(piece, ids)
  }

  #appendPiece(piece: string, ids: IdBuffer): void {
    this.#cache.append(this.#loader.load(piece), 0, piece.length, scanAll, this.#newBytePiece, ids)
  }

  /** Of text with bytes. What a lone surrogate means depends on the text, so that pieces with one are not kept. */
  readonly #newBytePiece: NewPiece = (units, from, to, ids) => {
    const piece = textOfUnits(units, from, to)
    this.#model.tokenize(this.#preTokenizer?.spell?.(piece) ?? piece, ids)
    return isWellFormed(piece)
  }

  /** A lone surrogate and U+FFFD are of one kind for every scanner, so that it is early enough to replace it here. */
  readonly #newPiece: NewPiece = (units, from, to, ids) => {
    const found = textOfUnits(units, from, to)
    const piece = toWellFormed(found)
    this.#model.tokenize(this.#preTokenizer?.spell?.(piece) ?? piece, ids)
    return piece === found
  }

  /** Whether what the normalizer leaves of the first stretch still stands at the start of the text. */
  #startsText(stretch: string): boolean {
    if (!this.#preTokenizer?.asksFirst || !this.#normalizer) return true
    const rewritten = this.#normalizer.normalizeAligned(AlignedText.of(stretch))
    return rewritten.slice(0, rewritten.text.length).start === 0
  }
}

/** Calls `visit` with the plain stretches of a text (none empty) and the tokens between them, and where they start. */
function eachPart(
  text: string,
  finder: AddedTokenFinder,
  visit: (part: string | AddedToken, from: number) => void,
): void {
  let from = 0
  if (!finder.isEmpty)
    for (const { token, start, end } of finder.find(text)) {
      if (start > from) visit(text.slice(from, start), from)
      visit(token, start)
      from = end
    }
  if (from < text.length) visit(from === 0 ? text : text.slice(from), from)
}

function eachAlignedPart(
  text: AlignedText,
  finder: AddedTokenFinder,
  visit: (part: AlignedText, added?: AddedToken) => void,
): void {
  let from = 0
  for (const { token, start, end } of finder.find(text.text)) {
    if (start > from) visit(text.slice(from, start))
    visit(text.slice(start, end), token)
    from = end
  }
  if (from < text.text.length) visit(text.slice(from, text.text.length))
}

/** The place in the original of a token between two UTF-16 indices of a piece. */
function placeIn(piece: AlignedText, start: number, end: number): { start: number; end: number } {
  if (start >= end) return { start: piece.start + start, end: piece.start + end }
  return { start: piece.startAt(start), end: piece.endAt(end - 1) }
}
