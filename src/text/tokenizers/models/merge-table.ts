/** The merges of a byte-pair vocabulary, and the loop that applies them. */
import { hashPair } from "../pair-table.ts"

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
  readonly #merges: MergeLookup
  /** Of each pair of neighbours, while a piece is scanned: rank of its merge, and id of what it becomes. */
  readonly #ranks = new Int32Array(SCAN_LIMIT)
  readonly #joins = new Int32Array(SCAN_LIMIT)

  /** Room for `count` merges. */
  constructor(count: number) {
    this.#merges = new MergeLookup(count)
  }

  /** Adds the next merge in the order they were learned, as ids. Of a pair that is there twice, the last merge counts. */
  add(left: number, right: number, joined: number): void {
    this.#merges.add(left, right, joined)
  }

  /**
   * Joins `symbols` as far as the merges go; returns the ids left. Cost n log n for long pieces.
   *
   * @param lengths  how long each symbol is; becomes how long each id left is
   */
  apply(symbols: number[], lengths?: number[]): number[] {
    return symbols.length <= SCAN_LIMIT ? this.applyByScan(symbols, lengths) : this.applyByHeap(symbols, lengths)
  }

  /**
   * Looks for the best pair anew after every merge: the fastest way while pieces are short. Changes `symbols`, which are
   * at most SCAN_LIMIT.
   */
  applyByScan(symbols: number[], lengths?: number[]): number[] {
    const merges = this.#merges
    const ranks = this.#ranks
    const joins = this.#joins
    let pairs = symbols.length - 1
    const look = (at: number) => {
      const found = merges.find(symbols[at], symbols[at + 1])
      ranks[at] = found < 0 ? NEVER : merges.rankOf(found)
      joins[at] = found < 0 ? 0 : merges.joinedOf(found)
    }
    for (let at = 0; at < pairs; at++) look(at)
    for (;;) {
      let best = 0
      let bestRank = NEVER
      for (let at = 0; at < pairs; at++)
        if (ranks[at] < bestRank) {
          best = at
          bestRank = ranks[at]
        }
      if (bestRank === NEVER) break
      symbols[best] = joins[best]
      for (let at = best + 1; at < pairs; at++) {
        symbols[at] = symbols[at + 1]
        ranks[at - 1] = ranks[at]
        joins[at - 1] = joins[at]
      }
      if (lengths) {
        lengths[best] += lengths[best + 1]
        lengths.splice(best + 1, 1)
      }
      pairs -= 1
      if (best > 0) look(best - 1)
      if (best < pairs) look(best)
    }
    symbols.length = pairs + 1
    return symbols
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
    const merges = this.#merges
    const count = symbols.length
    const ids = Int32Array.from(symbols)
    const next = Int32Array.from(ids, (_, at) => at + 1)
    const previous = Int32Array.from(ids, (_, at) => at - 1)
    const heap = new CandidateHeap(3 * count)
    const offer = (at: number) => {
      const after = next[at]
      const found = after < count ? merges.find(ids[at], ids[after]) : NOT_FOUND
      if (found !== NOT_FOUND) heap.push(merges.rankOf(found) * POSITIONS + at)
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
      const found = merges.find(ids[at], ids[after])
      // The pair here may have been joined, or become another, since it was offered.
      if (found === NOT_FOUND || merges.rankOf(found) !== Math.floor(candidate / POSITIONS)) continue
      const joined = merges.joinedOf(found)
      const rank = merges.rankOf(found)
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

/** No merge joins the pair. */
const NOT_FOUND = -1
/** Numbers of one merge: left id plus one (0 where a place is free), right id, rank, joined id. */
const RECORD = 4

/**
 * The merges by their pairs, in open addressing. All that is known of a merge lies in one place: most look-ups reach
 * into memory that no cache holds, and so do it once.
 */
class MergeLookup {
  readonly #records: Int32Array
  readonly #mask: number
  #nextRank = 0

  /** Room for `count` merges. */
  constructor(count: number) {
    const places = 2 ** Math.ceil(Math.log2(Math.max(16, count * 1.5)))
    this.#records = new Int32Array(RECORD * places)
    this.#mask = places - 1
  }

  add(left: number, right: number, joined: number): void {
    const records = this.#records
    let place = hashPair(left, right) & this.#mask
    for (; records[RECORD * place] !== 0; place = (place + 1) & this.#mask)
      if (records[RECORD * place] === left + 1 && records[RECORD * place + 1] === right) break
    records[RECORD * place] = left + 1
    records[RECORD * place + 1] = right
    records[RECORD * place + 2] = this.#nextRank++
    records[RECORD * place + 3] = joined
  }

  /** Where the merge of a pair lies, or NOT_FOUND. */
  find(left: number, right: number): number {
    const records = this.#records
    for (let place = hashPair(left, right) & this.#mask; ; place = (place + 1) & this.#mask) {
      const at = RECORD * place
      const known = records[at]
      if (known === 0) return NOT_FOUND
      if (known === left + 1 && records[at + 1] === right) return at
    }
  }

  rankOf(found: number): number {
    return this.#records[found + 2]
  }

  joinedOf(found: number): number {
    return this.#records[found + 3]
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
