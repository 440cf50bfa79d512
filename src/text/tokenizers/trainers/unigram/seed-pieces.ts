/**
 * Where Unigram begins: every character, and the substrings of words that occur often, found as the branching points of
 * the words' suffixes (the nodes of their suffix tree), so that of substrings that always occur together only the
 * longest is taken.
 */
import type { SymbolWords } from "../merging/symbol-words.ts"
import { type SuffixOrder, suffixOrder } from "./suffix-order.ts"

/** Substrings as stretches of the suffix order: a piece's occurrences are the suffixes from `first` to `last`. */
export interface SeedPieces {
  readonly order: SuffixOrder
  readonly first: Int32Array
  readonly last: Int32Array
  /** Symbols of each piece. */
  readonly lengths: Int32Array
  /** How often each piece occurs. */
  readonly counts: Float64Array
}

export interface SeedSettings {
  /** Symbols in the longest piece. */
  readonly maximumLength: number
  /** Most pieces of two symbols and more: those with the highest count × length. */
  readonly maximumPieces: number
}

/** A substring must be met this often to be a seed. */
const LEAST_COUNT = 2

/** Seeds in ascending order of `first`, and of length where that is equal. */
export function findSeedPieces(words: SymbolWords, { maximumLength, maximumPieces }: SeedSettings): SeedPieces {
  const order = suffixOrder(words, maximumLength)
  const { positions, ends } = order
  const size = positions.length
  /** Suffixes before each place, each counted as often as its word was met. */
  const weightsBefore = cumulativeWeights(words, positions)
  const common = commonPrefixes(words.symbols, order, maximumLength)

  const [first, last, lengths]: number[][] = [[], [], []]
  const add = (from: number, to: number, length: number) => {
    if (weightsBefore[to + 1] - weightsBefore[from] < LEAST_COUNT) return
    first.push(from)
    last.push(to)
    lengths.push(length)
  }
  const open: { length: number; from: number }[] = []
  for (let index = 0; index < size; index++) {
    // The suffix by itself, when no other shares all that may be taken of it.
    const own = Math.min(ends[positions[index]] - positions[index], maximumLength)
    if (own > 1 && own > common[index] && own > common[index + 1]) add(index, index, own)
    let from = index
    for (let top = open.at(-1); top !== undefined && top.length > common[index + 1]; top = open.at(-1)) {
      open.pop()
      if (top.length > 1) add(top.from, index, top.length)
      from = top.from
    }
    if (common[index + 1] > (open.at(-1)?.length ?? 0)) open.push({ length: common[index + 1], from })
  }
  const score = (index: number) => (weightsBefore[last[index] + 1] - weightsBefore[first[index]]) * lengths[index]
  let chosen = Array.from(first, (_, index) => index)
  if (chosen.length > maximumPieces) {
    const scores = Float64Array.from(chosen, score)
    chosen.sort((left, right) => scores[right] - scores[left] || left - right)
    chosen = chosen.slice(0, maximumPieces)
  }
  // Characters: stretches of suffixes that begin alike.
  for (let from = 0, index = 1; index <= size; index++) {
    if (index < size && common[index] > 0) continue
    chosen.push(first.length)
    first.push(from)
    last.push(index - 1)
    lengths.push(1)
    from = index
  }
  chosen.sort((left, right) => first[left] - first[right] || lengths[left] - lengths[right])
  return {
    order,
    first: Int32Array.from(chosen, (index) => first[index]),
    last: Int32Array.from(chosen, (index) => last[index]),
    lengths: Int32Array.from(chosen, (index) => lengths[index]),
    counts: Float64Array.from(chosen, (index) => weightsBefore[last[index] + 1] - weightsBefore[first[index]]),
  }
}

function cumulativeWeights({ starts, counts }: SymbolWords, positions: Int32Array): Float64Array {
  const weights = new Float64Array(positions.length)
  for (let word = 0; word < counts.length; word++) weights.fill(counts[word], starts[word], starts[word + 1])
  const before = new Float64Array(positions.length + 1)
  for (let index = 0; index < positions.length; index++) before[index + 1] = before[index] + weights[positions[index]]
  return before
}

/** Symbols that each suffix shares with the one before it in order, up to `most`; 0 for the first and past the last. */
function commonPrefixes(symbols: Int32Array, { positions, ends }: SuffixOrder, most: number): Int32Array {
  const common = new Int32Array(positions.length + 1)
  for (let index = 1; index < positions.length; index++) {
    const [left, right] = [positions[index - 1], positions[index]]
    const limit = Math.min(most, ends[left] - left, ends[right] - right)
    let shared = 0
    while (shared < limit && symbols[left + shared] === symbols[right + shared]) shared += 1
    common[index] = shared
  }
  return common
}
