/** Counted pieces as symbols: what merging and Unigram work on. */
import type { PieceCounts } from "../counting/count-pieces.ts"

/** Words in one flat list of symbol ids, each with the number of times it was met. */
export interface SymbolWords {
  /** Symbol ids of all words, one word after another. */
  readonly symbols: Int32Array
  /** Where each word starts in `symbols`; the last entry is the length of `symbols`. */
  readonly starts: Int32Array
  /** How often each word was met. */
  readonly counts: Float64Array
}

/** Gathers words one after another. */
export class SymbolWordsBuilder {
  #symbols = new Int32Array(1 << 12)
  #length = 0
  readonly #starts: number[] = [0]
  readonly #counts: number[] = []

  /** Adds a symbol to the word that is being written. */
  push(symbol: number): void {
    if (this.#length === this.#symbols.length) {
      const longer = new Int32Array(2 * this.#length)
      longer.set(this.#symbols)
      this.#symbols = longer
    }
    this.#symbols[this.#length++] = symbol
  }

  /** Ends the word that is being written; one without symbols is left out. */
  endWord(count: number): void {
    if (this.#length === this.#starts[this.#starts.length - 1]) return
    this.#starts.push(this.#length)
    this.#counts.push(count)
  }

  build(): SymbolWords {
    return {
      symbols: this.#symbols.slice(0, this.#length),
      starts: Int32Array.from(this.#starts),
      counts: Float64Array.from(this.#counts),
    }
  }
}

/** Code points as symbols. A character without a symbol ends a word: nothing learned may hold it. */
export function wordsOfCharacters({ texts, counts }: PieceCounts, symbolOf: ReadonlyMap<number, number>): SymbolWords {
  const words = new SymbolWordsBuilder()
  for (const [index, text] of texts.entries()) {
    for (let at = 0; at < text.length; at++) {
      const code = text.codePointAt(at) as number
      if (code > 0xffff) at += 1
      const symbol = symbolOf.get(code)
      if (symbol === undefined) words.endWord(counts[index])
      else words.push(symbol)
    }
    words.endWord(counts[index])
  }
  return words.build()
}
