/**
 * The order of all suffixes of all words, each compared by its first symbols only and never beyond its word's end: what
 * a suffix array is to a text. Prefix doubling: Manber & Myers 1993, doi:10.1137/0222058.
 */
import type { SymbolWords } from "../merging/symbol-words.ts"

/** Suffixes in ascending order. */
export interface SuffixOrder {
  /** Where each suffix starts in the words' symbols. */
  readonly positions: Int32Array
  /** Where the word of each position ends, by position. */
  readonly ends: Int32Array
}

/**
 * Sorts the suffixes of `words` by at least their first `depth` symbols; equal ones stay in the order of their places.
 * Each round doubles the symbols compared with one counting sort: n log depth in all.
 */
export function suffixOrder({ symbols, starts }: SymbolWords, depth: number): SuffixOrder {
  const count = symbols.length
  const ends = new Int32Array(count)
  for (let word = 0; word + 1 < starts.length; word++) ends.fill(starts[word + 1], starts[word], starts[word + 1])

  let positions = Int32Array.from(symbols, (_, at) => at)
  let scratch = new Int32Array(count)
  /** Place of each suffix among the distinct prefixes seen so far, from 1; what is beyond a word's end has 0. */
  let ranks = symbols.map((symbol) => symbol + 1)
  let nextRanks = new Int32Array(count)
  let classes = 1 + ranks.reduce((highest, rank) => Math.max(highest, rank), 0)

  /** Sorts `scratch` by rank into `positions`; equal ranks keep their order. */
  const sortByRank = () => {
    const places = new Int32Array(classes + 1)
    for (let at = 0; at < count; at++) places[ranks[at] + 1] += 1
    for (let rank = 1; rank <= classes; rank++) places[rank] += places[rank - 1]
    for (let index = 0; index < count; index++) positions[places[ranks[scratch[index]]]++] = scratch[index]
  }
  ;[positions, scratch] = [scratch, positions]
  sortByRank()
  for (let width = 1; width < depth; width *= 2) {
    // By the second half first: those without one, then the others in the order of the suffix their second half is.
    let filled = 0
    for (let at = 0; at < count; at++) if (at + width >= ends[at]) scratch[filled++] = at
    for (let index = 0; index < count; index++) {
      const at = positions[index] - width
      if (at >= 0 && ends[at] === ends[positions[index]]) scratch[filled++] = at
    }
    sortByRank()
    let rank = 0
    let before = -1
    let beforeSecond = -1
    for (let index = 0; index < count; index++) {
      const at = positions[index]
      const second = at + width < ends[at] ? ranks[at + width] : 0
      if (index === 0 || ranks[at] !== before || second !== beforeSecond) rank += 1
      nextRanks[at] = rank
      before = ranks[at]
      beforeSecond = second
    }
    ;[ranks, nextRanks] = [nextRanks, ranks]
    classes = rank + 1
    if (rank === count) break
  }
  return { positions, ends }
}
