/** Every pair of neighbours in a list of symbols: how often it is met, and where. */
import { PairTable } from "../../pair-table.ts"
import { NONE, type SymbolList } from "./symbol-list.ts"

/** Told of each pair whose count changed while another was joined. */
export interface PairChanges {
  fell?(pair: number): void
  grew?(pair: number): void
}

export class PairOccurrences {
  /** The pairs' symbols; a pair is known by its entry number. */
  readonly table = new PairTable(1 << 14)
  /** How often each pair is met. */
  readonly counts: number[] = []
  readonly #list: SymbolList
  /** Places where each pair began when it was added; some may have gone since. */
  readonly #places: number[][] = []

  constructor(list: SymbolList) {
    this.#list = list
    for (let at = 0; at < list.length; at++) {
      if (list.next[at] !== NONE) this.#add(list.symbols[at], list.symbols[list.next[at]], at, list.weights[at])
    }
  }

  /**
   * Replaces every occurrence of `pair` by `joined`, leftmost first, and brings all counts up to date. Returns how many
   * were replaced, each counted as often as its word was met.
   */
  join(pair: number, joined: number, changes: PairChanges = {}): number {
    let replaced = 0
    const { symbols, next, previous, weights } = this.#list
    const left = this.table.left[pair]
    const right = this.table.right[pair]
    for (const at of this.#takePlaces(pair)) {
      const after = next[at]
      if (symbols[at] !== left || after === NONE || symbols[after] !== right) continue
      const weight = weights[at]
      const before = previous[at]
      const beyond = next[after]
      replaced += weight
      this.counts[pair] -= weight
      if (before !== NONE) {
        const gone = this.#remove(symbols[before], left, weight)
        changes.fell?.(gone)
        const grown = this.#add(symbols[before], joined, before, weight)
        changes.grew?.(grown)
      }
      if (beyond !== NONE) {
        const gone = this.#remove(right, symbols[beyond], weight)
        changes.fell?.(gone)
        const grown = this.#add(joined, symbols[beyond], at, weight)
        changes.grew?.(grown)
        previous[beyond] = at
      }
      symbols[at] = joined
      symbols[after] = NONE
      next[at] = beyond
    }
    return replaced
  }

  #add(left: number, right: number, at: number, weight: number): number {
    const pair = this.table.findOrAdd(left, right)
    if (pair === this.counts.length) {
      this.counts.push(weight)
      this.#places.push([at])
    } else {
      this.counts[pair] += weight
      this.#places[pair].push(at)
    }
    return pair
  }

  #remove(left: number, right: number, weight: number): number {
    const pair = this.table.find(left, right)
    this.counts[pair] -= weight
    return pair
  }

  /** Hands over the places of a pair in ascending order and forgets them. */
  #takePlaces(pair: number): number[] {
    const places = this.#places[pair]
    this.#places[pair] = []
    for (let index = 1; index < places.length; index++) {
      if (places[index] < places[index - 1]) return places.sort((left, right) => left - right)
    }
    return places
  }
}
