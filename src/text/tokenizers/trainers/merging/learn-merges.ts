/**
 * The learning loop of BPE: the most frequent pair of neighbours is joined again and again. Sennrich, Haddow & Birch
 * 2016, arXiv:1508.07909.
 *
 * Rule for ties: among pairs of equal count the one with the lower left id is joined, then the lower right id. So the
 * result depends on the counts alone: not on the order of documents.
 */
import { CountHeap } from "./count-heap.ts"
import { type LearnedMerges, LearnedVocabulary, type LearnMergesSettings } from "./learned-vocabulary.ts"
import { PairOccurrences } from "./pair-occurrences.ts"
import { SymbolList } from "./symbol-list.ts"
import type { SymbolWords } from "./symbol-words.ts"

/**
 * Learns merges from counted words. Each pair knows its count and where it occurs, and a heap holds the pairs by count.
 * A merge touches only its own occurrences, and every join makes a word one symbol shorter, so n symbols see fewer than
 * n joins, each with a few changes of the heap: n log n in all.
 */
export function learnMerges(words: SymbolWords, settings: LearnMergesSettings): LearnedMerges {
  const vocabulary = new LearnedVocabulary(settings)
  const { tokens } = vocabulary
  const pairs = new PairOccurrences(new SymbolList(words))
  const heap = new CountHeap(pairs)
  for (let pair = 0; pair < pairs.table.count; pair++) heap.push(pair)

  while (!vocabulary.isFull) {
    const pair = heap.pop()
    if (pair === undefined || pairs.counts[pair] < settings.minimumFrequency) break
    const left = pairs.table.left[pair]
    const right = pairs.table.right[pair]
    const token = tokens[left] + tokens[right]
    if (!vocabulary.accepts(token)) {
      pairs.counts[pair] = 0
      continue
    }
    const joined = vocabulary.learn(pair, left, right, token)
    const grown = new Set<number>()
    pairs.join(pair, joined, { grew: (changed) => grown.add(changed) })
    for (const changed of grown) heap.push(changed)
  }
  return vocabulary
}
