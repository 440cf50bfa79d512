/**
 * Texts with a number each, found by stretches of other texts where they lie: no string is cut or joined to ask for one.
 * Open addressing over hashes; for vocabularies that are read once and asked for millions of stretches.
 */

/** Number of a text that is not in the table. */
export const NO_TEXT = -1

export class TextTable {
  readonly #texts: string[] = []
  readonly #values: Int32Array
  readonly #hashes: Int32Array
  /** Entry number plus one at each slot; 0 where free. */
  readonly #slots: Int32Array

  /** Room for `size` texts. */
  constructor(size: number) {
    this.#values = new Int32Array(size)
    this.#hashes = new Int32Array(size)
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(16, 2 * size))))
  }

  /** The texts of a map with their numbers. */
  static of(texts: ReadonlyMap<string, number>): TextTable {
    const table = new TextTable(texts.size)
    for (const [text, value] of texts) table.add(text, value)
    return table
  }

  /** Adds a text that is not there yet. */
  add(text: string, value: number): void {
    const entry = this.#texts.push(text) - 1
    const hash = mixed(hashed(START, text, 0, text.length))
    this.#values[entry] = value
    this.#hashes[entry] = hash
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = entry + 1
  }

  /** The number of the text that stands in `text` between two UTF-16 indices, or NO_TEXT. */
  find(text: string, from: number, to: number): number {
    return this.findJoined(text, from, to, "", 0, 0)
  }

  /** The number of what a stretch of `left` and a stretch of `right` are together, or NO_TEXT. */
  findJoined(
    left: string,
    leftFrom: number,
    leftTo: number,
    right: string,
    rightFrom: number,
    rightTo: number,
  ): number {
    const hash = mixed(hashed(hashed(START, left, leftFrom, leftTo), right, rightFrom, rightTo))
    const leftLength = leftTo - leftFrom
    const length = leftLength + rightTo - rightFrom
    const mask = this.#slots.length - 1
    search: for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] - 1
      if (entry < 0) return NO_TEXT
      if (this.#hashes[entry] !== hash) continue
      const known = this.#texts[entry]
      if (known.length !== length) continue
      for (let at = 0; at < leftLength; at++)
        if (known.charCodeAt(at) !== left.charCodeAt(leftFrom + at)) continue search
      for (let at = leftLength; at < length; at++)
        if (known.charCodeAt(at) !== right.charCodeAt(rightFrom + at - leftLength)) continue search
      return this.#values[entry]
    }
  }
}

const START = 0x811c9dc5 | 0

/** A hash that goes on over a stretch of text. */
function hashed(hash: number, text: string, from: number, to: number): number {
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1)
  return hash
}

function mixed(hash: number): number {
  return hash ^ (hash >>> 15)
}
