/**
 * Remembers the ids of pieces met before. A piece is looked up where it lies in its text, by a hash of its UTF-16 units
 * in flat arrays, so that nothing is allocated for pieces that are known. Two generations bound it: when the young one
 * is full it becomes the old one, and a piece used again moves back into the young one, so what is used stays.
 */
import type { IdBuffer } from "./id-buffer.ts"
import type { PieceScanner } from "./piece-scanners.ts"

/** Pieces in one generation. */
const GENERATION = 2 ** 16
/** Longer pieces are rarely met twice; they are not kept. */
const LONGEST_PIECE = 64
/** No piece of so few units has more, but for vocabularies that nobody has: those pieces are not kept. */
const MOST_IDS = 255

/** Appends the ids of a piece that is not known; says whether the same units always have these ids. */
export type NewPiece = (units: Uint16Array, from: number, to: number, ids: IdBuffer) => boolean

export class PieceCache {
  #young = new PieceTable()
  #old: PieceTable | undefined

  /**
   * Appends the ids of all pieces that `scan` cuts between two places to `ids`, and keeps those that `encodeNew` makes.
   * One loop with all that a known piece needs: parted into functions, half of the time is lost between them.
   */
  append(units: Uint16Array, start: number, end: number, scan: PieceScanner, encodeNew: NewPiece, ids: IdBuffer): void {
    let { places, mask, entries } = this.#young
    let to = start
    for (let from = start; from < end; from = to) {
      to = scan(units, from, end)
      const length = to - from
      let hash = length
      for (let at = from; at < to; at++) hash = Math.imul(hash ^ units[at], HASH_FACTOR)
      hash ^= hash >>> HASH_SHIFT
      /** Where the entry's ids are; 0 where there is no entry. */
      let idsAt = 0
      /** How many. */
      let count = 0
      search: for (let place = hash & mask; ; place = (place + 1) & mask) {
        const found = places[place]
        if (found === 0) break
        if ((found ^ hash) >>> ENTRY_BITS !== 0) continue
        let unit = found & ENTRY_MASK
        const sizes = entries[unit++]
        if ((sizes & LENGTH_MASK) !== length) continue
        for (let at = from; at < to; at++, unit++) if (units[at] !== entries[unit]) continue search
        idsAt = unit
        count = sizes >>> LENGTH_BITS
        break
      }
      if (count === 1) ids.push(entries[idsAt] | (entries[idsAt + 1] << 16))
      else if (idsAt !== 0)
        for (let id = 0; id < count; id++, idsAt += 2) ids.push(entries[idsAt] | (entries[idsAt + 1] << 16))
      else {
        this.#appendUnknown(units, from, to, hash, encodeNew, ids)
        ;({ places, mask, entries } = this.#young)
      }
    }
  }

  /** Appends the ids of a piece that is not among the young. */
  #appendUnknown(units: Uint16Array, from: number, to: number, hash: number, encodeNew: NewPiece, ids: IdBuffer): void {
    const first = ids.length
    const isKept = this.#old?.append(units, from, to, hash, ids) || encodeNew(units, from, to, ids)
    if (!isKept || to - from > LONGEST_PIECE || ids.length - first > MOST_IDS) return
    if (this.#young.isFull) {
      const emptied = this.#old ?? new PieceTable()
      this.#old = this.#young
      this.#young = emptied
      emptied.clear()
    }
    this.#young.add(units, from, to, hash, ids, first)
  }
}

const HASH_FACTOR = 0x9e3779b1
const HASH_SHIFT = 15
/** A place holds where its entry begins in these low bits, and above them those of the hash. It is 0 where it is free. */
const ENTRY_BITS = 22
const ENTRY_MASK = 2 ** ENTRY_BITS - 1
/** An entry begins with how many units it has, and above these bits how many ids. */
const LENGTH_BITS = 8
const LENGTH_MASK = 2 ** LENGTH_BITS - 1
const MOST_ENTRY_NUMBERS = 1 + LONGEST_PIECE + 2 * MOST_IDS

/**
 * One generation: places of open addressing, four bytes each so that they stay in a near cache, and entries in the order
 * in which pieces were met, so that those of common pieces, which come early, lie together. An entry is its sizes, its
 * units, and its ids in two halves each, the low one first.
 */
class PieceTable {
  /** At least twice as many as pieces. */
  places = new Int32Array(64)
  mask = 63
  entries = new Uint16Array(256)
  #count = 0
  /** Where the next entry goes. No entry is at 0. */
  #end = 1

  /** Whether there may be no room for another piece. */
  get isFull(): boolean {
    return this.#count >= GENERATION || this.#end + MOST_ENTRY_NUMBERS > ENTRY_MASK
  }

  /** Appends the ids of a piece; false where it is not kept. */
  append(units: Uint16Array, from: number, to: number, hash: number, ids: IdBuffer): boolean {
    const { places, mask, entries } = this
    search: for (let place = hash & mask; ; place = (place + 1) & mask) {
      const found = places[place]
      if (found === 0) return false
      if ((found ^ hash) >>> ENTRY_BITS !== 0) continue
      let unit = found & ENTRY_MASK
      const sizes = entries[unit++]
      if ((sizes & LENGTH_MASK) !== to - from) continue
      for (let at = from; at < to; at++, unit++) if (units[at] !== entries[unit]) continue search
      for (let left = sizes >>> LENGTH_BITS; left > 0; left--, unit += 2)
        ids.push(entries[unit] | (entries[unit + 1] << 16))
      return true
    }
  }

  /** Adds a piece that is not there yet: its ids are those of `ids` from `first` on. */
  add(units: Uint16Array, from: number, to: number, hash: number, ids: IdBuffer, first: number): void {
    this.#count += 1
    if (2 * this.#count > this.places.length) this.#growPlaces()
    if (this.#end + MOST_ENTRY_NUMBERS > this.entries.length) {
      const larger = new Uint16Array(2 * this.entries.length + MOST_ENTRY_NUMBERS)
      larger.set(this.entries)
      this.entries = larger
    }
    const { entries } = this
    this.#take(hash, this.#end)
    let at = this.#end
    entries[at++] = to - from + ((ids.length - first) << LENGTH_BITS)
    for (let unit = from; unit < to; unit++) entries[at++] = units[unit]
    for (let index = first; index < ids.length; index++) {
      const id = ids.at(index)
      entries[at++] = id
      entries[at++] = id >>> 16
    }
    this.#end = at
  }

  clear(): void {
    this.#count = 0
    this.#end = 1
    this.places.fill(0)
  }

  /** Gives an entry the first free place for its hash. */
  #take(hash: number, entry: number): void {
    let place = hash & this.mask
    while (this.places[place] !== 0) place = (place + 1) & this.mask
    this.places[place] = (hash & ~ENTRY_MASK) | entry
  }

  #growPlaces(): void {
    this.places = new Int32Array(2 * this.places.length)
    this.mask = this.places.length - 1
    const { entries } = this
    for (let entry = 1; entry < this.#end; ) {
      const length = entries[entry] & LENGTH_MASK
      let hash = length
      for (let at = entry + 1; at <= entry + length; at++) hash = Math.imul(hash ^ entries[at], HASH_FACTOR)
      this.#take(hash ^ (hash >>> HASH_SHIFT), entry)
      entry += 1 + length + 2 * (entries[entry] >>> LENGTH_BITS)
    }
  }
}

/**
 * The same string with memory of its own. Engines keep slices of 13 characters and more as views, and one kept view
 * would keep the whole document.
 */
export function ownCopy(slice: string): string {
  return slice.length < 13 ? slice : ` ${slice}`.slice(1)
}
