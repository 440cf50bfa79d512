/**
 * The way of one text through a tokenizer: added tokens → normalizer → pre-tokenizer → model. It can be gone in two
 * ways, which give the same ids: on plain strings, fast, for ids alone; and on aligned texts, for tokens with places.
 */
import { type AddedToken, AddedTokenFinder } from "./added-tokens.ts"
import { AlignedText } from "./aligned-text.ts"
import type { ExplainedAddedToken, ExplainedPiece, ExplainedStretch, Explanation } from "./explaining/explain.ts"
import type { TokenizerModel, TokenSpan } from "./models/index.ts"
import type { Normalizer } from "./normalizers/index.ts"
import { ownCopy, PieceCache } from "./piece-cache.ts"
import type { PreTokenizer } from "./pre-tokenizers/index.ts"
import type { SubwordSampler } from "./subword-sampler.ts"

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

/** Finders for the original text and for the normalized one. */
type Finders = readonly [original: AddedTokenFinder, normalized: AddedTokenFinder]

export class TextPipeline {
  readonly #normalizer: Normalizer | undefined
  readonly #preTokenizer: PreTokenizer | undefined
  readonly #model: TokenizerModel
  readonly #cache = new PieceCache()
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

  /** The ids of a text; special tokens written out in it are found when `parsesSpecial`. */
  ids(text: string, parsesSpecial: boolean, sampler?: SubwordSampler): number[] {
    if (this.#preTokenizer?.needsPlaces) return this.tokens(text, parsesSpecial, sampler).map(({ id }) => id)
    const ids: number[] = []
    const [original, normalized] = parsesSpecial ? this.#allFinders : this.#plainFinders
    eachPart(text, original, (stretch, from) => {
      if (typeof stretch !== "string") {
        ids.push(stretch.id)
        return
      }
      const rewritten = this.#normalizer ? this.#normalizer.normalize(stretch) : stretch
      eachPart(rewritten, normalized, (part, place) => {
        if (typeof part !== "string") ids.push(part.id)
        else this.#appendIds(part, from + place === 0 && this.#startsText(stretch), ids, sampler)
      })
    })
    return ids
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
  #appendIds(text: string, isFirst: boolean, ids: number[], sampler: SubwordSampler | undefined): void {
    const preTokenizer = this.#preTokenizer
    if (sampler) {
      for (const piece of preTokenizer ? preTokenizer.split(text, isFirst) : [text])
        for (const id of this.#model.tokenize(preTokenizer?.spell?.(piece) ?? piece, sampler)) ids.push(id)
      return
    }
    if (!preTokenizer) {
      this.#appendPiece(text, 0, text.length, ids)
      return
    }
    const { scan } = preTokenizer
    if (!scan) {
      for (const piece of preTokenizer.split(text, isFirst)) this.#appendPiece(piece, 0, piece.length, ids)
      return
    }
    const cache = this.#cache
    for (let from = 0; from < text.length; ) {
      const to = scan(text, from)
      if (!cache.append(text, from, to, ids)) this.#appendNewPiece(text, from, to, ids)
      from = to
    }
  }

  #appendPiece(text: string, from: number, to: number, ids: number[]): void {
    if (!this.#cache.append(text, from, to, ids)) this.#appendNewPiece(text, from, to, ids)
  }

  #appendNewPiece(text: string, from: number, to: number, ids: number[]): void {
    const piece = text.slice(from, to)
    const first = ids.length
    for (const id of this.#model.tokenize(this.#preTokenizer?.spell?.(piece) ?? piece)) ids.push(id)
    this.#cache.keep(text, from, to, ids, first)
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
