/**
 * Counts of short byte strings: an open-addressing hash table over typed arrays, because a `Map` of strings would take
 * gigabytes. Strings of one length (0 to 6 bytes) are packed into 48 bits, big-endian, kept as two numbers.
 */

/** Bytes in the low half of a packed string. */
const LOW_BYTES = 4

/** Share of slots that may be taken before the table grows. */
const FULL = 0.6

/** A growing table from byte strings of one length to counts. Entries are numbered 0, 1, 2 … as they first appear. */
export class ByteTable {
  /** Entries so far. */
  size = 0
  /** The last four bytes of each entry's string. */
  lows: Uint32Array
  /** The bytes before those. */
  highs: Uint16Array
  /** What was added for each entry. */
  counts: Uint32Array
  /** Entry number + 1 in each slot; 0 is a free slot. */
  private slots: Uint32Array

  constructor(expectedEntries = 1024) {
    let slotCount = 1024
    while (slotCount * FULL < expectedEntries) slotCount *= 2
    this.slots = new Uint32Array(slotCount)
    const room = Math.ceil(slotCount * FULL) + 1
    this.lows = new Uint32Array(room)
    this.highs = new Uint16Array(room)
    this.counts = new Uint32Array(room)
  }

  /** Adds `count` to a string's entry, making it when new, and returns the entry's number. */
  add(low: number, high: number, count: number): number {
    const mask = this.slots.length - 1
    let slot = hash(low, high) & mask
    for (let taken = this.slots[slot]; taken !== 0; taken = this.slots[slot]) {
      const entry = taken - 1
      if (this.lows[entry] === low && this.highs[entry] === high) {
        this.counts[entry] += count
        return entry
      }
      slot = (slot + 1) & mask
    }
    const entry = this.size++
    this.slots[slot] = entry + 1
    this.lows[entry] = low
    this.highs[entry] = high
    this.counts[entry] = count
    if (this.size >= this.slots.length * FULL) this.grow()
    return entry
  }

  /** A string's entry number, or -1 when it was never added. */
  find(low: number, high: number): number {
    const mask = this.slots.length - 1
    let slot = hash(low, high) & mask
    for (let taken = this.slots[slot]; taken !== 0; taken = this.slots[slot]) {
      const entry = taken - 1
      if (this.lows[entry] === low && this.highs[entry] === high) return entry
      slot = (slot + 1) & mask
    }
    return -1
  }

  /** Bytes this table holds. */
  get bytes(): number {
    return this.slots.byteLength + this.lows.byteLength + this.highs.byteLength + this.counts.byteLength
  }

  private grow(): void {
    const slots = new Uint32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let entry = 0; entry < this.size; entry++) {
      let slot = hash(this.lows[entry], this.highs[entry]) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = entry + 1
    }
    this.slots = slots
    const room = Math.ceil(slots.length * FULL) + 1
    this.lows = lengthened(this.lows, new Uint32Array(room))
    this.highs = lengthened(this.highs, new Uint16Array(room))
    this.counts = lengthened(this.counts, new Uint32Array(room))
  }
}

/** The low half of the string of the last `length` bytes of `low`, `high`. */
export function lastBytesLow(low: number, length: number): number {
  return length >= LOW_BYTES ? low >>> 0 : length === 0 ? 0 : (low & (0xffffffff >>> (8 * (LOW_BYTES - length)))) >>> 0
}

/** The high half of the string of the last `length` bytes of `low`, `high`. */
export function lastBytesHigh(high: number, length: number): number {
  return length <= LOW_BYTES ? 0 : high & (0xffff >>> (8 * (6 - length)))
}

function lengthened<Numbers extends Uint32Array | Uint16Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from)
  return to
}

function hash(low: number, high: number): number {
  let mixed = Math.imul(low ^ Math.imul(high + 1, 0x9e3779b1), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
