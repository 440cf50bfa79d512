/** How one piece becomes tokens, as each kind of model tells it. */

/** A token of the vocabulary. */
export interface VocabularyToken {
  readonly id: number
  /** As the vocabulary spells it. */
  readonly token: string
}

export type PieceSteps = MergeSteps | PathSteps | MatchSteps | WholeSteps

/** BPE: symbols that are joined two by two. */
export interface MergeSteps {
  readonly kind: "merges"
  /** What the piece starts as. */
  readonly symbols: readonly VocabularyToken[]
  /** In the order in which they are made. */
  readonly merges: readonly MergeStep[]
  /** Whether the vocabulary has the piece as it is, and the model takes that (`ignore_merges`) whatever merges make. */
  readonly isTakenWhole: boolean
}

/** One join of neighbours. They cover the first symbols from `start` to before `middle`, and from there to before `end`. */
export interface MergeStep {
  /** Number of the merge in the order they were learned; of all that are possible, the lowest is made. */
  readonly rank: number
  readonly left: VocabularyToken
  readonly right: VocabularyToken
  readonly joined: VocabularyToken
  readonly start: number
  readonly middle: number
  readonly end: number
}

/** Unigram: ways to cut the piece, the likeliest first, which is the one taken. */
export interface PathSteps {
  readonly kind: "paths"
  readonly paths: readonly TokenPath[]
}

export interface TokenPath {
  /** Sum of the tokens' scores: a log-probability in nats, up to a constant. */
  readonly score: number
  readonly tokens: readonly ScoredToken[]
}

export interface ScoredToken extends VocabularyToken {
  readonly score: number
  /** The part of the piece that it covers. */
  readonly text: string
}

/** WordPiece: the longest token that begins what is left, again and again. */
export interface MatchSteps {
  readonly kind: "matches"
  readonly matches: readonly MatchStep[]
  /** Characters in a word at most, where this one has more and is unknown for that. */
  readonly mostCharacters?: number
}

export interface MatchStep {
  /** What is left of the piece. */
  readonly rest: string
  /** The longest token that begins it; absent where none does, which makes the whole piece unknown. */
  readonly match?: VocabularyToken
}

/** WordLevel: the piece is a token or unknown. */
export interface WholeSteps {
  readonly kind: "whole"
  readonly isKnown: boolean
}
