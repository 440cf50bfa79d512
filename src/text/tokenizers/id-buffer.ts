/** Token ids in a row, in flat memory that grows: what encoding writes into. */

/** Ids beyond which memory is not kept for the next text. */
const MOST_KEPT_IDS = 2 ** 20
const LEAST_ROOM = 64

export class IdBuffer {
  /** How many ids there are. Made smaller, it takes the last ones away. */
  length = 0
  #ids: Int32Array

  /** With room for so many ids before it grows. */
  constructor(room = LEAST_ROOM) {
    this.#ids = new Int32Array(Math.max(room, LEAST_ROOM))
  }

  push(id: number): void {
    if (this.length === this.#ids.length) this.#grow(this.length + 1)
    this.#ids[this.length++] = id
  }

  /** Appends the ids of a list. */
  pushAll(list: readonly number[]): void {
    for (const id of list) this.push(id)
  }

  /** Appends the ids of a row. */
  pushArray(row: Int32Array): void {
    const end = this.length + row.length
    if (end > this.#ids.length) this.#grow(end)
    this.#ids.set(row, this.length)
    this.length = end
  }

  at(index: number): number {
    return this.#ids[index]
  }

  /** Empties it. */
  clear(): void {
    this.length = 0
    if (this.#ids.length > MOST_KEPT_IDS) this.#ids = new Int32Array(LEAST_ROOM)
  }

  /** The ids from `first` on, as a list. */
  toList(first = 0): number[] {
    return listOf(this.#ids, first, this.length)
  }

  /** The ids where they lie: good until more are added. */
  view(): Int32Array {
    return this.#ids.subarray(0, this.length)
  }

  /** The ids in memory of their own. */
  toArray(): Int32Array {
    return this.#ids.slice(0, this.length)
  }

  /** The ids, taken out: copied only where more than an eighth of their memory would be held for nothing. */
  release(): Int32Array {
    const ids = 8 * this.length < 7 * this.#ids.length ? this.toArray() : this.view()
    this.length = 0
    this.#ids = new Int32Array(LEAST_ROOM)
    return ids
  }

  #grow(needed: number): void {
    const larger = new Int32Array(Math.max(needed, 2 * this.#ids.length))
    larger.set(this.#ids)
    this.#ids = larger
  }
}

/** The numbers between two places as a list. */
export function listOf(ids: Int32Array, from: number, to: number): number[] {
  const list = new Array<number>(to - from)
  for (let at = from; at < to; at++) list[at - from] = ids[at]
  return list
}
