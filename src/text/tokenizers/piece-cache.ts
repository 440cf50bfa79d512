/**
 * Remembers the ids of pieces met before. A piece is looked up where it lies in its text, by a hash of its UTF-16 units
 * in flat arrays, so that nothing is allocated for pieces that are known. Two generations bound it: when the young one
 * is full it becomes the old one, and a piece used again moves back into the young one, so what is used stays.
 */
import type { IdBuffer } from "./id-buffer.ts"

/** Pieces in one generation. */
const GENERATION = 2 ** 16
/** Longer pieces are rarely met twice; they are not kept. */
const LONGEST_PIECE = 64

export class PieceCache {
  #young = new PieceTable()
  #old = new PieceTable()

  /** Appends the ids kept for the piece of `units` between two places to `ids`; false where none are kept. */
  append(units: Uint16Array, from: number, to: number, ids: IdBuffer): boolean {
    if (to - from > LONGEST_PIECE) return false
    const hash = hashOf(units, from, to)
    if (this.#young.append(units, from, to, hash, ids)) return true
    const first = ids.length
    if (!this.#old.append(units, from, to, hash, ids)) return false
    this.#add(units, from, to, hash, ids, first)
    return true
  }

  /** Keeps the ids of a piece, which are those of `ids` from `first` on. */
  keep(units: Uint16Array, from: number, to: number, ids: IdBuffer, first: number): void {
    if (to > from && to - from <= LONGEST_PIECE) this.#add(units, from, to, hashOf(units, from, to), ids, first)
  }

  #add(units: Uint16Array, from: number, to: number, hash: number, ids: IdBuffer, first: number): void {
    if (this.#young.count >= GENERATION) {
      const emptied = this.#old
      this.#old = this.#young
      this.#young = emptied
      emptied.clear()
    }
    this.#young.add(units, from, to, hash, ids, first)
  }
}

/** Numbers of one piece: hash, sizes, where its units start, and its id, or where its ids start if it has several. */
const RECORD = 4
/** Sizes are units plus ids times this; 0 where a place is free, as no piece is empty. */
const COUNT_BITS = 8
const COUNT_UNIT = 2 ** COUNT_BITS

/**
 * One generation: open addressing over pools of units and ids. All that is known of a piece lies in one place, for most
 * look-ups reach into memory that the nearest cache does not hold.
 */
class PieceTable {
  count = 0
  /** Always at least twice as many places as pieces. */
  #records = new Int32Array(RECORD * 256)
  #mask = 255
  #units = new Uint16Array(1024)
  #unitCount = 0
  #ids = new Int32Array(256)
  #idCount = 0

  /** Appends the ids of a piece; false where it is not kept. */
  append(units: Uint16Array, from: number, to: number, hash: number, ids: IdBuffer): boolean {
    const records = this.#records
    const known = this.#units
    const mask = this.#mask
    const length = to - from
    search: for (let place = hash & mask; ; place = (place + 1) & mask) {
      const record = RECORD * place
      const sizes = records[record + 1]
      if (sizes === 0) return false
      if (records[record] !== hash || (sizes & (COUNT_UNIT - 1)) !== length) continue
      let unit = records[record + 2]
      for (let at = from; at < to; at++, unit++) if (units[at] !== known[unit]) continue search
      const count = sizes >>> COUNT_BITS
      const id = records[record + 3]
      if (count === 1) ids.push(id)
      else ids.pushFrom(this.#ids, id, id + count)
      return true
    }
  }

  /** Adds a piece that is not there yet. */
  add(units: Uint16Array, from: number, to: number, hash: number, ids: IdBuffer, first: number): void {
    this.count += 1
    if (RECORD * 2 * this.count > this.#records.length) this.#growRecords()
    const unitStart = this.#unitCount
    this.#unitCount += to - from
    if (this.#unitCount > this.#units.length) this.#units = grown(this.#units, new Uint16Array(2 * this.#unitCount))
    for (let at = from, unit = unitStart; at < to; at++, unit++) this.#units[unit] = units[at]
    const count = ids.length - first
    const record = this.#freeRecord(hash)
    const records = this.#records
    records[record] = hash
    records[record + 1] = to - from + COUNT_UNIT * count
    records[record + 2] = unitStart
    if (count === 1) records[record + 3] = ids.at(first)
    else {
      records[record + 3] = this.#idCount
      if (this.#idCount + count > this.#ids.length)
        this.#ids = grown(this.#ids, new Int32Array(2 * (this.#idCount + count)))
      for (let at = first; at < ids.length; at++) this.#ids[this.#idCount++] = ids.at(at)
    }
  }

  clear(): void {
    this.count = 0
    this.#unitCount = 0
    this.#idCount = 0
    this.#records.fill(0)
  }

  /** Where the numbers of a new piece go. */
  #freeRecord(hash: number): number {
    let place = hash & this.#mask
    while (this.#records[RECORD * place + 1] !== 0) place = (place + 1) & this.#mask
    return RECORD * place
  }

  #growRecords(): void {
    const old = this.#records
    this.#records = new Int32Array(2 * old.length)
    this.#mask = 2 * this.#mask + 1
    for (let record = 0; record < old.length; record += RECORD)
      if (old[record + 1] !== 0) this.#records.set(old.subarray(record, record + RECORD), this.#freeRecord(old[record]))
  }
}

function grown<Numbers extends Int32Array | Uint16Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old)
  return larger
}

function hashOf(units: Uint16Array, from: number, to: number): number {
  let hash = to - from
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ units[at], 0x9e3779b1)
  return hash ^ (hash >>> 15)
}

/**
 * The same string with memory of its own. Engines keep slices of 13 characters and more as views, and one kept view
 * would keep the whole document.
 */
export function ownCopy(slice: string): string {
  return slice.length < 13 ? slice : ` ${slice}`.slice(1)
}
