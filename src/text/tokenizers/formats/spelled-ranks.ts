/**
 * The ranks of tokens, spelled a character for each byte, asked for by stretches of one token after another. A stretch's
 * hash comes from those of the token's beginnings, so that asking costs the same whatever its length.
 */

/** Rank of what is no token: above every other. */
export const NO_RANK = 0x7fffffff

/** Characters that spell a byte are below this. */
const CODES = 0x200
/** What a hash is multiplied by for each further character. */
const BASE = 0x9e3779b1 | 0
/** Numbers of one token: its length (0 where a place is free), hash, rank, and where its characters start. */
const RECORD = 4

export class SpelledRanks {
  /** Of tokens of two characters, which are asked for most, by both. */
  readonly #pairs = new Int32Array(CODES * CODES).fill(NO_RANK)
  /** The others, in open addressing. */
  readonly #records: Int32Array
  readonly #mask: number
  readonly #characters: Uint16Array
  /** BASE to the power of each length. */
  readonly #powers: Int32Array
  /** The token at hand, and the hash of each beginning. */
  readonly #codes: Uint16Array
  readonly #hashes: Int32Array

  /** Tokens of more than `longest` characters can not be asked for. */
  constructor(ranks: ReadonlyMap<string, number>, longest: number) {
    this.#powers = new Int32Array(longest + 1)
    this.#powers[0] = 1
    for (let length = 1; length <= longest; length++) this.#powers[length] = Math.imul(this.#powers[length - 1], BASE)
    this.#codes = new Uint16Array(longest)
    this.#hashes = new Int32Array(longest + 1)
    const places = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * ranks.size)))
    this.#records = new Int32Array(RECORD * places)
    this.#mask = places - 1
    let characters = 0
    for (const token of ranks.keys()) if (token.length <= longest) characters += token.length
    this.#characters = new Uint16Array(characters)
    let start = 0
    for (const [token, rank] of ranks) {
      if (token.length > longest) continue
      this.read(token)
      this.#add(token.length, rank, start)
      start += token.length
    }
  }

  /** Makes a token the one whose stretches are asked for. */
  read(token: string): void {
    let hash = 0
    for (let at = 0; at < token.length; at++) {
      const code = token.charCodeAt(at)
      this.#codes[at] = code
      hash = (Math.imul(hash, BASE) + code + 1) | 0
      this.#hashes[at + 1] = hash
    }
  }

  /** The rank of what stands between two places of the token that was read, or NO_RANK. */
  of(from: number, to: number): number {
    const codes = this.#codes
    const length = to - from
    if (length === 2) return this.#pairs[codes[from] * CODES + codes[from + 1]]
    const records = this.#records
    const characters = this.#characters
    const hash = (this.#hashes[to] - Math.imul(this.#hashes[from], this.#powers[length])) | 0
    search: for (let place = this.#placeOf(hash); ; place = (place + 1) & this.#mask) {
      const record = RECORD * place
      if (records[record] === 0) return NO_RANK
      if (records[record + 1] !== hash || records[record] !== length) continue
      let character = records[record + 3]
      for (let at = from; at < to; at++, character++) if (characters[character] !== codes[at]) continue search
      return records[record + 2]
    }
  }

  /** Adds the token that was read; its characters are kept from `start` on. */
  #add(length: number, rank: number, start: number): void {
    const codes = this.#codes
    if (length === 2) this.#pairs[codes[0] * CODES + codes[1]] = rank
    else {
      for (let at = 0; at < length; at++) this.#characters[start + at] = codes[at]
      const hash = this.#hashes[length]
      let place = this.#placeOf(hash)
      while (this.#records[RECORD * place] !== 0) place = (place + 1) & this.#mask
      this.#records.set([length, hash, rank, start], RECORD * place)
    }
  }

  #placeOf(hash: number): number {
    const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    return (mixed ^ (mixed >>> 13)) & this.#mask
  }
}
