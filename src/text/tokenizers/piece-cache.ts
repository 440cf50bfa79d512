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
    let { records, mask, units: known, ids: knownIds } = this.#young
    let to = start
    for (let from = start; from < end; from = to) {
      to = scan(units, from, end)
      const length = to - from
      let hash = length
      for (let at = from; at < to; at++) hash = Math.imul(hash ^ units[at], 0x9e3779b1)
      hash ^= hash >>> 15
      let sizes = 0
      let record = 0
      search: for (let place = hash & mask; ; place = (place + 1) & mask) {
        record = RECORD * place
        sizes = records[record + 1]
        if (sizes === 0) break
        if (records[record] !== hash || (sizes & LENGTH_MASK) !== length) continue
        let unit = records[record + 2]
        for (let at = from; at < to; at++, unit++) if (units[at] !== known[unit]) continue search
        break
      }
      if (sizes >>> LENGTH_BITS === 1) ids.push(records[record + 3])
      else if (sizes !== 0) ids.pushFrom(knownIds, records[record + 3], records[record + 3] + (sizes >>> LENGTH_BITS))
      else {
        this.#appendUnknown(units, from, to, hash, encodeNew, ids)
        ;({ records, mask, units: known, ids: knownIds } = this.#young)
      }
    }
  }

  /** Appends the ids of a piece that is not among the young. */
  #appendUnknown(units: Uint16Array, from: number, to: number, hash: number, encodeNew: NewPiece, ids: IdBuffer): void {
    const first = ids.length
    const isKept = this.#old?.append(units, from, to, hash, ids) || encodeNew(units, from, to, ids)
    if (!isKept || to - from > LONGEST_PIECE) return
    if (this.#young.count >= GENERATION) {
      const emptied = this.#old ?? new PieceTable()
      this.#old = this.#young
      this.#young = emptied
      emptied.clear()
    }
    this.#young.add(units, from, to, hash, ids, first)
  }
}

/** Numbers of one piece: hash, sizes, where its units start, and its id, or where its ids start if it has several. */
const RECORD = 4
/** Sizes are the number of units, and above these bits that of ids. They are 0 where a place is free: no piece is empty. */
const LENGTH_BITS = 8
const LENGTH_MASK = 2 ** LENGTH_BITS - 1

/**
 * One generation: open addressing over pools of units and ids. What is known of a piece lies in one place, for most
 * look-ups reach into memory that the nearest cache does not hold.
 */
class PieceTable {
  count = 0
  /** At least half as many places again as pieces. */
  records = new Int32Array(RECORD * 32)
  mask = 31
  units = new Uint16Array(128)
  ids = new Int32Array(32)
  #unitCount = 0
  #idCount = 0

  /** Appends the ids of a piece; false where it is not kept. */
  append(units: Uint16Array, from: number, to: number, hash: number, ids: IdBuffer): boolean {
    const { records, mask } = this
    const length = to - from
    search: for (let place = hash & mask; ; place = (place + 1) & mask) {
      const record = RECORD * place
      const sizes = records[record + 1]
      if (sizes === 0) return false
      if (records[record] !== hash || (sizes & LENGTH_MASK) !== length) continue
      let unit = records[record + 2]
      for (let at = from; at < to; at++, unit++) if (units[at] !== this.units[unit]) continue search
      const count = sizes >>> LENGTH_BITS
      const id = records[record + 3]
      if (count === 1) ids.push(id)
      else ids.pushFrom(this.ids, id, id + count)
      return true
    }
  }

  /** Adds a piece that is not there yet: its ids are those of `ids` from `first` on. */
  add(units: Uint16Array, from: number, to: number, hash: number, ids: IdBuffer, first: number): void {
    this.count += 1
    if (RECORD * 1.5 * this.count > this.records.length) this.#growRecords()
    const unitStart = this.#unitCount
    this.#unitCount += to - from
    if (this.#unitCount > this.units.length) this.units = grown(this.units, new Uint16Array(2 * this.#unitCount))
    for (let at = from, unit = unitStart; at < to; at++, unit++) this.units[unit] = units[at]
    const count = ids.length - first
    const record = this.#freeRecord(hash)
    const { records } = this
    records[record] = hash
    records[record + 1] = to - from + (count << LENGTH_BITS)
    records[record + 2] = unitStart
    if (count === 1) records[record + 3] = ids.at(first)
    else {
      records[record + 3] = this.#idCount
      if (this.#idCount + count > this.ids.length)
        this.ids = grown(this.ids, new Int32Array(2 * (this.#idCount + count)))
      for (let at = first; at < ids.length; at++) this.ids[this.#idCount++] = ids.at(at)
    }
  }

  clear(): void {
    this.count = 0
    this.#unitCount = 0
    this.#idCount = 0
    this.records.fill(0)
  }

  /** Where the numbers of a new piece go. */
  #freeRecord(hash: number): number {
    let place = hash & this.mask
    while (this.records[RECORD * place + 1] !== 0) place = (place + 1) & this.mask
    return RECORD * place
  }

  #growRecords(): void {
    const old = this.records
    this.records = new Int32Array(2 * old.length)
    this.mask = 2 * this.mask + 1
    for (let record = 0; record < old.length; record += RECORD)
      if (old[record + 1] !== 0) this.records.set(old.subarray(record, record + RECORD), this.#freeRecord(old[record]))
  }
}

function grown<Numbers extends Int32Array | Uint16Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old)
  return larger
}

/**
 * The same string with memory of its own. Engines keep slices of 13 characters and more as views, and one kept view
 * would keep the whole document.
 */
export function ownCopy(slice: string): string {
  return slice.length < 13 ? slice : ` ${slice}`.slice(1)
}
