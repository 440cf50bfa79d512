/**
 * Remembers the ids of pieces met before. A piece is looked up where it lies in its text, by a hash of its UTF-16 units
 * in flat arrays, so that nothing is allocated for pieces that are known. Two generations bound it: when the young one
 * is full it becomes the old one, and a piece used again moves back into the young one, so what is used stays.
 */

/** Pieces in one generation. */
const GENERATION = 2 ** 16
/** Longer pieces are rarely met twice; they are not kept. */
const LONGEST_PIECE = 64

export class PieceCache {
  #young = new PieceTable()
  #old = new PieceTable()

  /** Appends the ids kept for the piece of `text` between two UTF-16 indices to `ids`; false where none are kept. */
  append(text: string, from: number, to: number, ids: number[]): boolean {
    if (to - from > LONGEST_PIECE) return false
    const hash = hashOf(text, from, to)
    const entry = this.#young.find(text, from, to, hash)
    if (entry >= 0) {
      this.#young.append(entry, ids)
      return true
    }
    const old = this.#old.find(text, from, to, hash)
    if (old < 0) return false
    const first = ids.length
    this.#old.append(old, ids)
    this.#add(text, from, to, hash, ids, first)
    return true
  }

  /** Keeps the ids of a piece, which are those of `ids` from `first` on. */
  keep(text: string, from: number, to: number, ids: readonly number[], first = 0): void {
    if (to - from <= LONGEST_PIECE) this.#add(text, from, to, hashOf(text, from, to), ids, first)
  }

  #add(text: string, from: number, to: number, hash: number, ids: readonly number[], first: number): void {
    if (this.#young.count >= GENERATION) {
      const emptied = this.#old
      this.#old = this.#young
      this.#young = emptied
      emptied.clear()
    }
    this.#young.add(text, from, to, hash, ids, first)
  }
}

/** One generation: an open-addressing table over pools of units and ids. */
class PieceTable {
  count = 0
  /** Entry number plus one at each slot; 0 where free. Always at least twice as many as entries. */
  #slots = new Int32Array(256)
  #hashes = new Int32Array(128)
  /** Where each entry's units and ids start; one more than entries, so that the next start is the end. */
  #unitStarts = new Int32Array(129)
  #idStarts = new Int32Array(129)
  #units = new Uint16Array(1024)
  #ids = new Int32Array(256)

  find(text: string, from: number, to: number, hash: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    search: for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot] - 1
      if (entry < 0) return -1
      if (this.#hashes[entry] !== hash) continue
      const start = this.#unitStarts[entry]
      if (this.#unitStarts[entry + 1] - start !== to - from) continue
      for (let at = from, unit = start; at < to; at++, unit++)
        if (text.charCodeAt(at) !== this.#units[unit]) continue search
      return entry
    }
  }

  append(entry: number, ids: number[]): void {
    const end = this.#idStarts[entry + 1]
    for (let at = this.#idStarts[entry]; at < end; at++) ids.push(this.#ids[at])
  }

  add(text: string, from: number, to: number, hash: number, ids: readonly number[], first: number): void {
    const entry = this.count++
    if (entry >= this.#hashes.length) this.#growEntries()
    this.#hashes[entry] = hash
    const unitStart = this.#unitStarts[entry]
    const unitEnd = unitStart + to - from
    if (unitEnd > this.#units.length) this.#units = grown(this.#units, new Uint16Array(2 * unitEnd))
    for (let at = from, unit = unitStart; at < to; at++, unit++) this.#units[unit] = text.charCodeAt(at)
    this.#unitStarts[entry + 1] = unitEnd
    const idStart = this.#idStarts[entry]
    const idEnd = idStart + ids.length - first
    if (idEnd > this.#ids.length) this.#ids = grown(this.#ids, new Int32Array(2 * idEnd))
    for (let at = first, id = idStart; at < ids.length; at++, id++) this.#ids[id] = ids[at]
    this.#idStarts[entry + 1] = idEnd
    this.#place(entry)
  }

  clear(): void {
    this.count = 0
    this.#slots.fill(0)
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#hashes[entry] & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = entry + 1
  }

  #growEntries(): void {
    const capacity = 2 * this.#hashes.length
    this.#hashes = grown(this.#hashes, new Int32Array(capacity))
    this.#unitStarts = grown(this.#unitStarts, new Int32Array(capacity + 1))
    this.#idStarts = grown(this.#idStarts, new Int32Array(capacity + 1))
    this.#slots = new Int32Array(2 * capacity)
    for (let entry = 0; entry < this.count - 1; entry++) this.#place(entry)
  }
}

function grown<Numbers extends Int32Array | Uint16Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old)
  return larger
}

function hashOf(text: string, from: number, to: number): number {
  let hash = to - from
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1)
  return hash ^ (hash >>> 15)
}

/**
 * The same string with memory of its own. Engines keep slices of 13 characters and more as views, and one kept view
 * would keep the whole document.
 */
export function ownCopy(slice: string): string {
  return slice.length < 13 ? slice : ` ${slice}`.slice(1)
}
