/** The likeliest way to cut a stretch of symbols into pieces: Viterbi 1967, doi:10.1109/TIT.1967.1054010. */
import type { PieceLattice } from "./piece-lattice.ts"

/** No piece: where a search has not come, and what a search that may use all pieces leaves out. */
export const NO_PIECE = -1

export class BestCuts {
  readonly #lattice: PieceLattice
  readonly #logProbabilities: Float64Array
  #scores = new Float64Array(64)
  /** The last piece on the best way to each position. */
  #last = new Int32Array(64)

  constructor(lattice: PieceLattice, logProbabilities: Float64Array) {
    this.#lattice = lattice
    this.#logProbabilities = logProbabilities
  }

  /**
   * The pieces of the likeliest cut of the symbols from `begin` up to `end`, last piece first. Of equal ones, the cut
   * found first by going from left to right, shorter pieces first, is taken.
   *
   * @param without  a piece that may not be used
   */
  cut(begin: number, end: number, without: number = NO_PIECE): number[] {
    const { lengths, starts, matches } = this.#lattice
    const length = end - begin
    if (length >= this.#scores.length) {
      this.#scores = new Float64Array(2 * length)
      this.#last = new Int32Array(2 * length)
    }
    const [scores, last] = [this.#scores, this.#last]
    scores.fill(Number.NEGATIVE_INFINITY, 0, length + 1)
    last.fill(NO_PIECE, 0, length + 1)
    scores[0] = 0
    for (let at = 0; at < length; at++) {
      const until = starts[begin + at + 1]
      for (let match = starts[begin + at]; match < until; match++) {
        const piece = matches[match]
        const to = at + lengths[piece]
        if (to > length) break
        if (piece === without) continue
        const score = scores[at] + this.#logProbabilities[piece]
        if (score <= scores[to]) continue
        scores[to] = score
        last[to] = piece
      }
    }
    const pieces: number[] = []
    for (let at = length; at > 0; at -= lengths[last[at]]) pieces.push(last[at])
    return pieces
  }
}
