/**
 * The learning loop of BPE: the most frequent pair of neighbours is joined again and again. Sennrich, Haddow & Birch
 * 2016, arXiv:1508.07909.
 *
 * Rule for ties: among pairs of equal count the one with the lower left id is joined, then the lower right id. So the
 * result depends on the counts alone: not on the order of documents.
 */
import type { TrainingProgress } from "../progress.ts"
import { CountHeap } from "./count-heap.ts"
import { PairOccurrences } from "./pair-occurrences.ts"
import { SymbolList } from "./symbol-list.ts"
import type { SymbolWords } from "./symbol-words.ts"

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

/**
 * Learns merges from counted words. Each pair knows its count and where it occurs, and a heap holds the pairs by count.
 * A merge touches only its own occurrences, and every join makes a word one symbol shorter, so n symbols see fewer than
 * n joins, each with a few changes of the heap: n log n in all.
 */
export function learnMerges(words: SymbolWords, settings: LearnMergesSettings): LearnedMerges {
  const { vocabularySize, minimumFrequency, accepts = () => true } = settings
  const tokens = [...settings.tokens]
  const idOfToken = new Map(tokens.map((token, id) => [token, id]))
  const merges: [left: number, right: number][] = []
  const pairs = new PairOccurrences(new SymbolList(words))
  const heap = new CountHeap(pairs)
  for (let pair = 0; pair < pairs.table.count; pair++) heap.push(pair)

  const learned = new Set<number>()
  const firstLearned = tokens.length
  const total = vocabularySize - firstLearned
  while (tokens.length < vocabularySize) {
    const pair = heap.pop()
    if (pair === undefined || pairs.counts[pair] < minimumFrequency) break
    const left = pairs.table.left[pair]
    const right = pairs.table.right[pair]
    const token = tokens[left] + tokens[right]
    if (!accepts(token)) {
      pairs.counts[pair] = 0
      continue
    }
    // Two ways to join the same text ("ab"+"c", "a"+"bc") lead to one piece.
    const joined = idOfToken.get(token) ?? tokens.length
    if (joined === tokens.length) {
      tokens.push(token)
      idOfToken.set(token, joined)
    }
    if (!learned.has(pair)) merges.push([left, right])
    learned.add(pair)
    const grown = new Set<number>()
    pairs.join(pair, joined, { grew: (changed) => grown.add(changed) })
    for (const changed of grown) heap.push(changed)
    const done = tokens.length - firstLearned
    if (done % 256 === 0 || done === total) settings.onProgress?.({ stage: "merge", done, total })
  }
  return { tokens, merges }
}
