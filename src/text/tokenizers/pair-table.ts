/**
 * A hash table from pairs of piece ids to dense entry numbers 0, 1, 2, …; what an entry means (a merge's rank, a
 * pair's count) stands in the owner's arrays. Open addressing over typed arrays: no allocation per look-up.
 */

/** Entry number of a pair that is not in the table. */
export const NO_ENTRY = -1

export class PairTable {
  /** Left id of each entry. */
  left: Int32Array
  /** Right id of each entry. */
  right: Int32Array
  /** How many entries there are. */
  count = 0
  /** Entry number plus one at each slot; 0 where free. */
  #slots: Int32Array
  #mask: number

  constructor(expected = 1024) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, expected * 2)))
    this.#slots = new Int32Array(slots)
    this.#mask = slots - 1
    this.left = new Int32Array(slots >> 1)
    this.right = new Int32Array(slots >> 1)
  }

  /** The entry of (left, right), or NO_ENTRY. */
  find(left: number, right: number): number {
    const slots = this.#slots
    for (let slot = hashPair(left, right) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = slots[slot] - 1
      if (entry < 0) return NO_ENTRY
      if (this.left[entry] === left && this.right[entry] === right) return entry
    }
  }

  /** The entry of (left, right), made when there is none: then it equals the `count` from before the call. */
  findOrAdd(left: number, right: number): number {
    let slot = hashPair(left, right) & this.#mask
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot] - 1
      if (this.left[entry] === left && this.right[entry] === right) return entry
    }
    if (this.count === this.left.length) {
      this.#grow()
      return this.findOrAdd(left, right)
    }
    const entry = this.count++
    this.left[entry] = left
    this.right[entry] = right
    this.#slots[slot] = entry + 1
    return entry
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2)
    this.#mask = this.#slots.length - 1
    const left = new Int32Array(this.#slots.length >> 1)
    const right = new Int32Array(this.#slots.length >> 1)
    left.set(this.left)
    right.set(this.right)
    this.left = left
    this.right = right
    for (let entry = 0; entry < this.count; entry++) {
      let slot = hashPair(left[entry], right[entry]) & this.#mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#slots[slot] = entry + 1
    }
  }
}

/** A hash of two ids, its low bits as good as any. */
export function hashPair(left: number, right: number): number {
  let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right + 1, 0x85ebca6b)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}
