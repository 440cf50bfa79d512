/** What a text is for a model: ids, and beside each id its token, its place in the text and what it is there for. */

/** Start and end of a token in the text it came from, in the unit asked for. Added tokens of no text have [0, 0]. */
export type Offsets = readonly [start: number, end: number]

/** The lists have one entry for each token. */
export interface Encoding {
  readonly ids: readonly number[]
  /** The vocabulary's spelling; of an added token and of unknown text, the text itself. */
  readonly tokens: readonly string[]
  readonly offsets: readonly Offsets[]
  /** Which kind of text a token is part of, as the post-processor says: mostly 0 for the first text, 1 for the second. */
  readonly typeIds: readonly number[]
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: readonly number[]
  /** 1 for tokens that stand for no text: those of the post-processor and padding. */
  readonly specialTokensMask: readonly number[]
  /** Number of the piece that the pre-tokenizer cut; null for tokens of no text. */
  readonly wordIds: readonly (number | null)[]
  /** 0 for tokens of the first text, 1 for those of the second; null for tokens of no text. */
  readonly sequenceIds: readonly (number | null)[]
  /** What truncation left over, in order, each as long as this one at most. */
  readonly overflowing: readonly Encoding[]
}

/** An encoding of no token. */
export const EMPTY_ENCODING: Encoding = {
  ids: [],
  tokens: [],
  offsets: [],
  typeIds: [],
  attentionMask: [],
  specialTokensMask: [],
  wordIds: [],
  sequenceIds: [],
  overflowing: [],
}

/** One token of a post-processor or of padding. */
export interface FixedToken {
  readonly id: number
  readonly token: string
  readonly typeId: number
}

/** Tokens that stand for no text. */
export function fixedEncoding(tokens: readonly FixedToken[], attention: 0 | 1 = 1): Encoding {
  return {
    ids: tokens.map(({ id }) => id),
    tokens: tokens.map(({ token }) => token),
    offsets: tokens.map(() => [0, 0]),
    typeIds: tokens.map(({ typeId }) => typeId),
    attentionMask: tokens.map(() => attention),
    specialTokensMask: tokens.map(() => 1),
    wordIds: tokens.map(() => null),
    sequenceIds: tokens.map(() => null),
    overflowing: [],
  }
}

/** The tokens from `from` to before `to`. */
export function sliceEncoding(encoding: Encoding, from: number, to: number): Encoding {
  return {
    ids: encoding.ids.slice(from, to),
    tokens: encoding.tokens.slice(from, to),
    offsets: encoding.offsets.slice(from, to),
    typeIds: encoding.typeIds.slice(from, to),
    attentionMask: encoding.attentionMask.slice(from, to),
    specialTokensMask: encoding.specialTokensMask.slice(from, to),
    wordIds: encoding.wordIds.slice(from, to),
    sequenceIds: encoding.sequenceIds.slice(from, to),
    overflowing: [],
  }
}

/**
 * One encoding after another. What is left over of either is joined with the other, and with what is left over of the
 * other, in Hugging Face's order.
 */
export function joinEncodings(left: Encoding, right: Encoding): Encoding {
  const overflowing: Encoding[] = []
  for (const leftRest of left.overflowing) {
    overflowing.push(joinEncodings(leftRest, right))
    for (const rightRest of right.overflowing) overflowing.push(joinEncodings(leftRest, rightRest))
  }
  for (const rightRest of right.overflowing) overflowing.push(joinEncodings(left, rightRest))
  return {
    ids: [...left.ids, ...right.ids],
    tokens: [...left.tokens, ...right.tokens],
    offsets: [...left.offsets, ...right.offsets],
    typeIds: [...left.typeIds, ...right.typeIds],
    attentionMask: [...left.attentionMask, ...right.attentionMask],
    specialTokensMask: [...left.specialTokensMask, ...right.specialTokensMask],
    wordIds: [...left.wordIds, ...right.wordIds],
    sequenceIds: [...left.sequenceIds, ...right.sequenceIds],
    overflowing,
  }
}

/** The same tokens with each of their type ids set; what is left over keeps its own. */
export function withTypeId(encoding: Encoding, typeId: number): Encoding {
  return { ...encoding, typeIds: encoding.ids.map(() => typeId) }
}

/** The same tokens, and those left over, as rewritten by `rewrite`. */
export function mapEncodings(encoding: Encoding, rewrite: (one: Encoding) => Encoding): Encoding {
  return { ...rewrite(encoding), overflowing: encoding.overflowing.map((rest) => mapEncodings(rest, rewrite)) }
}
