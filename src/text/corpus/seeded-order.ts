/** A small seeded generator (sfc32 of Chris Doty-Humphrey's PractRand) and the shuffles made with it. */

/** Whole numbers from a seed and a stream number; the same on every machine. */
export class SeededRandom {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** `seed` and `stream` are whole numbers from 0 to 2^53 − 1. */
  constructor(seed: number, stream: number) {
    this.#a = seed >>> 0
    this.#b = Math.floor(seed / 2 ** 32) ^ Math.imul(Math.floor(stream / 2 ** 32) + 1, 0x9e3779b1)
    this.#c = stream >>> 0
    for (let round = 0; round < 16; round++) this.next()
  }

  /** The next 32 random bits. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A whole number from 0 to `bound` − 1, each as likely; `bound` from 1 to 2^32. */
  below(bound: number): number {
    const fair = 2 ** 32 - (2 ** 32 % bound)
    for (;;) {
      const bits = this.next()
      if (bits < fair) return bits % bound
    }
  }

  /** The numbers 0 to `count` − 1 in random order. */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, index) => index)
    for (let index = count - 1; index > 0; index--) {
      const other = this.below(index + 1)
      const kept = order[index]
      order[index] = order[other]
      order[other] = kept
    }
    return order
  }
}
