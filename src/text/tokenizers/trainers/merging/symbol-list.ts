/** All words as one linked list of symbols, in which joining two neighbours costs the same wherever they stand. */
import type { SymbolWords } from "./symbol-words.ts"

/** Neighbour of the first or last symbol of a word, and symbol of a place whose symbol is part of the one before. */
export const NONE = -1

export class SymbolList {
  readonly length: number
  /** Id at each place; NONE where the symbol became part of the one before. */
  readonly symbols: Int32Array
  readonly next: Int32Array
  readonly previous: Int32Array
  /** How often the word of each place was met. */
  readonly weights: Float64Array

  constructor({ symbols, starts, counts }: SymbolWords) {
    this.length = symbols.length
    this.symbols = symbols.slice()
    this.next = new Int32Array(this.length)
    this.previous = new Int32Array(this.length)
    this.weights = new Float64Array(this.length)
    for (let word = 0; word < counts.length; word++) {
      const end = starts[word + 1]
      for (let at = starts[word]; at < end; at++) {
        this.previous[at] = at - 1
        this.next[at] = at + 1
        this.weights[at] = counts[word]
      }
      this.previous[starts[word]] = NONE
      this.next[end - 1] = NONE
    }
  }
}
