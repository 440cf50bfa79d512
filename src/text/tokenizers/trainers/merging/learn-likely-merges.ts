/**
 * The learning loop of WordPiece: of all pairs of neighbours, the one is joined that gains the most likelihood,
 *
 *   score(a, b) = count(ab) / (count(a) · count(b))
 *
 * Schuster & Nakajima 2012, doi:10.1109/ICASSP.2012.6289079. Ties go to the lower left id, then the lower right id.
 *
 * The score by itself takes the rarest pairs first, since those met once and never apart have the highest. So pairs are
 * taken in bands of frequency: first, by score, all that are met at least half as often as the most frequent pair; when
 * none is left, the bound is halved, down to the minimum.
 */
import { type LearnedMerges, LearnedVocabulary, type LearnMergesSettings } from "./learned-vocabulary.ts"
import { PairOccurrences } from "./pair-occurrences.ts"
import { ScoreHeap } from "./score-heap.ts"
import { SymbolList } from "./symbol-list.ts"
import type { SymbolWords } from "./symbol-words.ts"

export interface LearnLikelyMergesSettings extends LearnMergesSettings {
  /** How two neighbours' tokens are spelled as one. */
  readonly join: (left: string, right: string) => string
}

/**
 * Learns merges from counted words by score, in bands of frequency. A merge changes the score of every pair that one of
 * its symbols is in, and all of them are brought up to date; so the cost is that of merging by count and, for each merge,
 * its symbols' neighbours.
 */
export function learnLikelyMerges(words: SymbolWords, settings: LearnLikelyMergesSettings): LearnedMerges {
  const vocabulary = new LearnedVocabulary(settings)
  const { tokens } = vocabulary
  const candidates = new LikelyPairs(words, settings.minimumFrequency)

  while (!vocabulary.isFull) {
    const pair = candidates.best()
    if (pair === undefined) break
    const { left, right } = candidates.symbolsOf(pair)
    const token = settings.join(tokens[left], tokens[right])
    if (vocabulary.accepts(token)) candidates.join(pair, vocabulary.learn(pair, left, right, token))
    else candidates.refuse(pair)
  }
  return vocabulary
}

/** All pairs of neighbours of a band of frequency, by score. */
class LikelyPairs {
  readonly #pairs: PairOccurrences
  readonly #minimumFrequency: number
  /** Pairs of the band are met at least so often. */
  #leastCount: number
  readonly #heap: ScoreHeap
  /** How often each symbol is met. */
  readonly #symbolCounts: number[] = []
  /** The pairs that each symbol is in; those that have gone are dropped when the list is gone through. */
  readonly #pairsOf: number[][] = []
  /** Whether a pair is in its symbols' lists. */
  readonly #isListed: boolean[] = []
  readonly #refused = new Set<number>()

  constructor(words: SymbolWords, minimumFrequency: number) {
    const list = new SymbolList(words)
    for (let at = 0; at < list.length; at++) this.#count(list.symbols[at], list.weights[at])
    this.#pairs = new PairOccurrences(list)
    this.#minimumFrequency = minimumFrequency
    this.#heap = new ScoreHeap((pair, other) => {
      const { left, right } = this.#pairs.table
      return left[pair] < left[other] || (left[pair] === left[other] && right[pair] < right[other])
    })
    const highest = this.#pairs.counts.reduce((most, count) => Math.max(most, count), 0)
    this.#leastCount = Math.max(minimumFrequency, highest / 2)
    for (let pair = 0; pair < this.#pairs.counts.length; pair++) {
      this.#list(pair)
      this.#rank(pair)
    }
  }

  /** The pair to join next, of the first band that has one. */
  best(): number | undefined {
    while (this.#heap.top === undefined && this.#leastCount > this.#minimumFrequency) {
      this.#leastCount = Math.max(this.#minimumFrequency, this.#leastCount / 2)
      for (let pair = 0; pair < this.#pairs.counts.length; pair++) this.#rank(pair)
    }
    return this.#heap.top
  }

  symbolsOf(pair: number): { left: number; right: number } {
    return { left: this.#pairs.table.left[pair], right: this.#pairs.table.right[pair] }
  }

  /** Leaves a pair out for good. */
  refuse(pair: number): void {
    this.#refused.add(pair)
    this.#heap.remove(pair)
  }

  join(pair: number, joined: number): void {
    const { left, right } = this.symbolsOf(pair)
    const replaced = this.#pairs.join(pair, joined, { grew: (grown) => this.#list(grown) })
    this.#count(left, -replaced)
    this.#count(right, -replaced)
    this.#count(joined, replaced)
    for (const symbol of new Set([left, right, joined])) {
      const kept: number[] = []
      for (const neighbour of this.#pairsOf[symbol] ?? []) {
        this.#rank(neighbour)
        if (this.#pairs.counts[neighbour] > 0) kept.push(neighbour)
      }
      this.#pairsOf[symbol] = kept
    }
  }

  #count(symbol: number, weight: number): void {
    this.#symbolCounts[symbol] = (this.#symbolCounts[symbol] ?? 0) + weight
  }

  #list(pair: number): void {
    if (this.#isListed[pair]) return
    this.#isListed[pair] = true
    const { left, right } = this.symbolsOf(pair)
    this.#pairsOf[left] ??= []
    this.#pairsOf[left].push(pair)
    if (left === right) return
    this.#pairsOf[right] ??= []
    this.#pairsOf[right].push(pair)
  }

  /** Gives a pair the place that its counts deserve. */
  #rank(pair: number): void {
    const count = this.#pairs.counts[pair]
    if (count < this.#leastCount || this.#refused.has(pair)) this.#heap.remove(pair)
    else {
      const { left, right } = this.symbolsOf(pair)
      this.#heap.set(pair, count / (this.#symbolCounts[left] * this.#symbolCounts[right]))
    }
  }
}
