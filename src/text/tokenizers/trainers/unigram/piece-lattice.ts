/** All ways to cut all words into pieces: for every position, the pieces that begin there. */
import type { SymbolWords } from "../merging/symbol-words.ts"
import type { SeedPieces } from "./seed-pieces.ts"

export class PieceLattice {
  readonly words: SymbolWords
  /** Symbols of each piece. */
  lengths: Int32Array
  /** A position where each piece occurs. */
  places: Int32Array
  /** The pieces that begin at position p, shortest first, are `matches` from `starts[p]` up to `starts[p + 1]`. */
  readonly starts: Int32Array
  matches: Int32Array

  constructor(words: SymbolWords, seeds: SeedPieces) {
    const { positions } = seeds.order
    this.words = words
    this.lengths = seeds.lengths
    this.places = seeds.first.map((index) => positions[index])
    this.starts = new Int32Array(positions.length + 1)
    forEachPosition(seeds, (position, pieces) => {
      this.starts[position + 1] = pieces.length
    })
    for (let at = 0; at < positions.length; at++) this.starts[at + 1] += this.starts[at]
    this.matches = new Int32Array(this.starts[positions.length])
    forEachPosition(seeds, (position, pieces) => this.matches.set(pieces, this.starts[position]))
  }

  /** How many pieces there are. */
  get size(): number {
    return this.lengths.length
  }

  /** Forgets the pieces that are not `kept`; the others keep their order and are numbered anew from 0. */
  keep(kept: Uint8Array): void {
    const renumbered = new Int32Array(this.size)
    let size = 0
    for (let piece = 0; piece < this.size; piece++) if (kept[piece]) renumbered[piece] = size++
    let filled = 0
    for (let at = 0, from = 0; at + 1 < this.starts.length; at++) {
      const until = this.starts[at + 1]
      for (; from < until; from++) {
        const piece = this.matches[from]
        if (kept[piece]) this.matches[filled++] = renumbered[piece]
      }
      this.starts[at + 1] = filled
    }
    this.matches = this.matches.subarray(0, filled)
    this.lengths = this.lengths.filter((_, piece) => kept[piece])
    this.places = this.places.filter((_, piece) => kept[piece])
  }
}

/** Goes through the suffixes in order; the pieces whose stretches are open are those that begin at the suffix. */
function forEachPosition(
  { order, first, last }: SeedPieces,
  visit: (position: number, pieces: readonly number[]) => void,
): void {
  const open: number[] = []
  let next = 0
  for (const [index, position] of order.positions.entries()) {
    while (open.length && last[open[open.length - 1]] < index) open.pop()
    for (; next < first.length && first[next] === index; next++) open.push(next)
    visit(position, open)
  }
}
