/** A small seeded generator: the same seed and input number give the same input on each machine. */
export class Random {
  private state: number

  constructor(seed: number, input: number) {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b)) >>> 0
  }
  /** 32 random bits (mulberry32). */
  bits(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return limit > 0 ? this.bits() % limit : 0
  }
  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0
  }
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]
  }
}
