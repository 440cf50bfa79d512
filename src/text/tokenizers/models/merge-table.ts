/** The merges of a byte-pair vocabulary, and the loop that applies them. */
import { NO_ENTRY, PairTable } from "../pair-table.ts"

/** Pieces up to this many symbols are merged by scanning for the best pair; longer ones with a heap. */
const SCAN_LIMIT = 48

/** Rank of a pair that no merge joins. */
const NEVER = 0x7fffffff

/** A join of two neighbours, as ids. They cover the symbols given from `start` to `middle`, and from there to `end`. */
export interface Join {
  readonly rank: number
  readonly left: number
  readonly right: number
  readonly joined: number
  readonly start: number
  readonly middle: number
  readonly end: number
}

/** A merge loop over learned pairs; shared by the model and by tests that hold its two ways against each other. */
export class MergeTable {
  readonly #pairs: PairTable
  readonly #ranks: Int32Array
  readonly #merged: Int32Array

  /** `merges` in the order they were learned: [left id, right id, id of the joined piece]. */
  constructor(merges: readonly (readonly [left: number, right: number, joined: number])[]) {
    this.#pairs = new PairTable(merges.length)
    this.#ranks = new Int32Array(merges.length)
    this.#merged = new Int32Array(merges.length)
    merges.forEach(([left, right, joined], rank) => {
      const entry = this.#pairs.findOrAdd(left, right)
      this.#ranks[entry] = rank
      this.#merged[entry] = joined
    })
  }

  /**
   * Joins `symbols` as far as the merges go; returns the ids left. Cost n log n for long pieces.
   *
   * @param lengths  how long each symbol is; becomes how long each id left is
   */
  apply(symbols: number[], lengths?: number[]): number[] {
    return symbols.length <= SCAN_LIMIT ? this.applyByScan(symbols, lengths) : this.applyByHeap(symbols, lengths)
  }

  /** Looks for the best pair anew after every merge: the fastest way while pieces are short. Changes `symbols`. */
  applyByScan(symbols: number[], lengths?: number[]): number[] {
    const entries: number[] = []
    for (let at = 0; at + 1 < symbols.length; at++) entries.push(this.#pairs.find(symbols[at], symbols[at + 1]))
    for (;;) {
      let best = -1
      let bestRank = NEVER
      for (let at = 0; at < entries.length; at++) {
        const entry = entries[at]
        if (entry !== NO_ENTRY && this.#ranks[entry] < bestRank) {
          best = at
          bestRank = this.#ranks[entry]
        }
      }
      if (best < 0) return symbols
      symbols[best] = this.#merged[entries[best]]
      symbols.splice(best + 1, 1)
      if (lengths) {
        lengths[best] += lengths[best + 1]
        lengths.splice(best + 1, 1)
      }
      entries.splice(best, 1)
      if (best > 0) entries[best - 1] = this.#pairs.find(symbols[best - 1], symbols[best])
      if (best < entries.length) entries[best] = this.#pairs.find(symbols[best], symbols[best + 1])
    }
  }

  /**
   * Keeps the candidate pairs in a heap and the symbols in a linked list: for pieces of any length.
   *
   * @param skips  says of each candidate whether it is passed over for now; it comes back after the next merge
   * @param onJoin  told of each join
   */
  applyByHeap(
    symbols: readonly number[],
    lengths?: number[],
    skips?: () => boolean,
    onJoin?: (join: Join) => void,
  ): number[] {
    const count = symbols.length
    const ids = Int32Array.from(symbols)
    const next = Int32Array.from(ids, (_, at) => at + 1)
    const previous = Int32Array.from(ids, (_, at) => at - 1)
    const heap = new CandidateHeap(3 * count)
    const offer = (at: number) => {
      const after = next[at]
      const entry = after < count ? this.#pairs.find(ids[at], ids[after]) : NO_ENTRY
      if (entry !== NO_ENTRY) heap.push(this.#ranks[entry] * POSITIONS + at)
    }
    for (let at = 0; at + 1 < count; at++) offer(at)
    const skipped: number[] = []
    while (heap.size > 0) {
      const candidate = heap.pop()
      if (skips?.()) {
        skipped.push(candidate)
        continue
      }
      for (const passedOver of skipped) heap.push(passedOver)
      skipped.length = 0
      const at = candidate % POSITIONS
      const after = next[at]
      if (ids[at] < 0 || after >= count) continue
      const entry = this.#pairs.find(ids[at], ids[after])
      // The pair here may have been joined, or become another, since it was offered.
      if (entry === NO_ENTRY || this.#ranks[entry] !== Math.floor(candidate / POSITIONS)) continue
      const joined = this.#merged[entry]
      const rank = this.#ranks[entry]
      onJoin?.({ rank, left: ids[at], right: ids[after], joined, start: at, middle: after, end: next[after] })
      ids[at] = joined
      ids[after] = JOINED
      if (lengths) lengths[at] += lengths[after]
      next[at] = next[after]
      if (next[at] < count) previous[next[at]] = at
      if (previous[at] >= 0) offer(previous[at])
      offer(at)
    }
    const joined: number[] = []
    for (let at = 0; at < count; at = next[at]) {
      if (lengths) lengths[joined.length] = lengths[at]
      joined.push(ids[at])
    }
    if (lengths) lengths.length = joined.length
    return joined
  }
}

/** More places than a JavaScript string can have; a candidate is `rank × POSITIONS + place`. */
const POSITIONS = 2 ** 30
/** Marks a symbol that is now part of the one before it. */
const JOINED = -1

/** A binary heap of numbers, smallest first. */
class CandidateHeap {
  size = 0
  readonly #items: Float64Array

  constructor(capacity: number) {
    this.#items = new Float64Array(capacity)
  }

  push(item: number): void {
    const items = this.#items
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (items[parent] <= item) break
      items[at] = items[parent]
      at = parent
    }
    items[at] = item
  }

  pop(): number {
    const items = this.#items
    const top = items[0]
    const item = items[--this.size]
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.size) break
      if (child + 1 < this.size && items[child + 1] < items[child]) child += 1
      if (items[child] >= item) break
      items[at] = items[child]
      at = child
    }
    items[at] = item
    return top
  }
}
