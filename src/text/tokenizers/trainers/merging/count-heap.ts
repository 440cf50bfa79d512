/** Pairs by count, highest first; ties by left id, then right id. Counts that fell since a push are noticed on pop. */
import type { PairOccurrences } from "./pair-occurrences.ts"

export class CountHeap {
  readonly #pairs: PairOccurrences
  readonly #entries: number[] = []
  /** The count each entry was pushed with. */
  readonly #pushed: number[] = []

  constructor(pairs: PairOccurrences) {
    this.#pairs = pairs
  }

  push(pair: number): void {
    const count = this.#pairs.counts[pair]
    if (count <= 0) return
    let at = this.#entries.length
    this.#entries.push(pair)
    this.#pushed.push(count)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#precedes(pair, count, this.#entries[parent], this.#pushed[parent])) break
      this.#entries[at] = this.#entries[parent]
      this.#pushed[at] = this.#pushed[parent]
      at = parent
    }
    this.#entries[at] = pair
    this.#pushed[at] = count
  }

  /** The most frequent pair, or undefined when no pair is left. */
  pop(): number | undefined {
    while (this.#entries.length > 0) {
      const pair = this.#entries[0]
      const pushed = this.#pushed[0]
      this.#removeTop()
      const count = this.#pairs.counts[pair]
      if (count === pushed) return pair
      // Fallen: back in with what it is now. Grown: an entry with the higher count was pushed then and is gone.
      if (count < pushed) this.push(pair)
    }
    return undefined
  }

  #removeTop(): void {
    const pair = this.#entries.pop() as number
    const count = this.#pushed.pop() as number
    const size = this.#entries.length
    if (size === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (
        child + 1 < size &&
        this.#precedes(this.#entries[child + 1], this.#pushed[child + 1], this.#entries[child], this.#pushed[child])
      ) {
        child += 1
      }
      if (this.#precedes(pair, count, this.#entries[child], this.#pushed[child])) break
      this.#entries[at] = this.#entries[child]
      this.#pushed[at] = this.#pushed[child]
      at = child
    }
    this.#entries[at] = pair
    this.#pushed[at] = count
  }

  #precedes(pair: number, count: number, other: number, otherCount: number): boolean {
    if (count !== otherCount) return count > otherCount
    const { left, right } = this.#pairs.table
    return left[pair] < left[other] || (left[pair] === left[other] && right[pair] < right[other])
  }
}
