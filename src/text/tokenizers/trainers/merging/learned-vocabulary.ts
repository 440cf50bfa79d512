/** What learning by merges is told, and the vocabulary that grows while it learns. */
import type { TrainingProgress } from "../progress.ts"

export interface LearnMergesSettings {
  /** Tokens that there are already, by symbol id; learned pieces take the ids after them. */
  readonly tokens: readonly string[]
  /** Ids in all. */
  readonly vocabularySize: number
  /** A pair must be met this often to be joined. */
  readonly minimumFrequency: number
  /** Whether a piece may be learned. Default: any may. */
  readonly accepts?: (token: string) => boolean
  readonly onProgress?: (progress: TrainingProgress) => void
}

/** A learned vocabulary. */
export interface LearnedMerges {
  /** By id: the tokens given, then the pieces in the order they were learned. */
  readonly tokens: readonly string[]
  /** In the order they were learned, as ids. */
  readonly merges: readonly (readonly [left: number, right: number])[]
}

/** Reports of progress are this many pieces apart. */
const PIECES_BETWEEN_REPORTS = 256

export class LearnedVocabulary implements LearnedMerges {
  readonly tokens: string[]
  readonly merges: [left: number, right: number][] = []
  readonly #settings: LearnMergesSettings
  readonly #idOfToken: Map<string, number>
  readonly #learnedPairs = new Set<number>()

  constructor(settings: LearnMergesSettings) {
    this.#settings = settings
    this.tokens = [...settings.tokens]
    this.#idOfToken = new Map(this.tokens.map((token, id) => [token, id]))
  }

  get isFull(): boolean {
    return this.tokens.length >= this.#settings.vocabularySize
  }

  /** Whether a piece may be learned. */
  accepts(token: string): boolean {
    return this.#settings.accepts?.(token) ?? true
  }

  /**
   * The id of the piece that the symbols of a pair become. A piece that there is already keeps its id: two ways to join
   * the same text ("ab"+"c", "a"+"bc") lead to one piece. A pair that is joined again, because joining others brought it
   * back, is one merge.
   */
  learn(pair: number, left: number, right: number, token: string): number {
    if (!this.#learnedPairs.has(pair)) this.merges.push([left, right])
    this.#learnedPairs.add(pair)
    const known = this.#idOfToken.get(token)
    if (known !== undefined) return known
    const id = this.tokens.push(token) - 1
    this.#idOfToken.set(token, id)
    this.#report()
    return id
  }

  #report(): void {
    const { tokens, vocabularySize, onProgress } = this.#settings
    const done = this.tokens.length - tokens.length
    const total = vocabularySize - tokens.length
    if (done % PIECES_BETWEEN_REPORTS === 0 || done === total) onProgress?.({ stage: "merge", done, total })
  }
}
