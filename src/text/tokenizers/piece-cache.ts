/**
 * Remembers the ids of pieces met before. Two generations bound it: when the young one is full it becomes the old
 * one, and a piece used again moves back into the young one, so what is used stays.
 */

/** Pieces in one generation. */
const GENERATION = 2 ** 16
/** Longer pieces are rarely met twice; they are not kept. */
const LONGEST_PIECE = 64

export class PieceCache {
  #young = new Map<string, readonly number[]>()
  #old = new Map<string, readonly number[]>()

  /** The ids kept for `piece`, if any. */
  get(piece: string): readonly number[] | undefined {
    const young = this.#young.get(piece)
    if (young) return young
    const old = this.#old.get(piece)
    if (old) this.set(piece, old)
    return old
  }

  set(piece: string, ids: readonly number[]): void {
    if (piece.length > LONGEST_PIECE) return
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(ownCopy(piece), ids)
  }
}

/**
 * The same string with memory of its own. Engines keep slices of 13 characters and more as views, and one kept view
 * would keep the whole document.
 */
export function ownCopy(slice: string): string {
  return slice.length < 13 ? slice : ` ${slice}`.slice(1)
}
