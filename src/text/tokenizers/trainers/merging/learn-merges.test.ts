/** Merges equal what recounting everything before every merge finds, by count and by likelihood. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { BYTE_CHARACTERS } from "../../byte-alphabet.ts"
import { wordsOfBytes } from "../bpe.ts"
import { learnLikelyMerges } from "./learn-likely-merges.ts"
import { learnMerges } from "./learn-merges.ts"

interface Pair {
  readonly left: number
  readonly right: number
  readonly count: number
  readonly score: number
}

type Score = (count: number, leftCount: number, rightCount: number) => number

/** Learns without the fast structures: recounts everything before every merge. The referee. */
class PlainLearner {
  readonly learned: string[] = []
  readonly #words: number[][]
  readonly #counts: readonly number[]
  readonly #score: Score
  readonly #tokens = [...BYTE_CHARACTERS]

  constructor(words: readonly string[], counts: readonly number[], score: Score) {
    this.#words = words.map((word) => [...word].map((character) => character.charCodeAt(0)))
    this.#counts = counts
    this.#score = score
  }

  /** Every pair of neighbours, best first. */
  pairs(): Pair[] {
    const symbolCounts = new Map<number, number>()
    const pairCounts = new Map<string, number>()
    for (const [index, word] of this.#words.entries()) {
      for (const [at, symbol] of word.entries()) {
        symbolCounts.set(symbol, (symbolCounts.get(symbol) ?? 0) + this.#counts[index])
        if (at === 0) continue
        const key = `${word[at - 1]} ${symbol}`
        pairCounts.set(key, (pairCounts.get(key) ?? 0) + this.#counts[index])
      }
    }
    return [...pairCounts]
      .map(([key, count]) => {
        const [left, right] = key.split(" ").map(Number)
        const score = this.#score(count, symbolCounts.get(left) as number, symbolCounts.get(right) as number)
        return { left, right, count, score }
      })
      .sort((one, other) => other.score - one.score || one.left - other.left || one.right - other.right)
  }

  join({ left, right }: Pair): void {
    const token = this.#tokens[left] + this.#tokens[right]
    if (!this.#tokens.includes(token)) {
      this.#tokens.push(token)
      this.learned.push(token)
    }
    const joined = this.#tokens.indexOf(token)
    for (const word of this.#words) {
      for (let at = 0; at + 1 < word.length; at++) {
        if (word[at] === left && word[at + 1] === right) word.splice(at, 2, joined)
      }
    }
  }
}

const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 14 })
const entry = fc.record({ word, count: fc.integer({ min: 1, max: 5 }) })
const corpus = fc
  .uniqueArray(entry, { selector: (item) => item.word, minLength: 1, maxLength: 12 })
  .map((entries) => ({ texts: entries.map((item) => item.word), counts: entries.map(({ count }) => count) }))
const settings = { tokens: BYTE_CHARACTERS, vocabularySize: 256 + 20, minimumFrequency: 2 }

describe("by count", () => {
  test("equals recounting everything before every merge", () => {
    fc.assert(
      fc.property(corpus, ({ texts, counts }) => {
        const plain = new PlainLearner(texts, counts, (count) => count)
        while (plain.learned.length < 20) {
          const best = plain.pairs().find(({ count }) => count >= 2)
          if (!best) break
          plain.join(best)
        }
        const { tokens } = learnMerges(wordsOfBytes({ texts, counts }, 0), settings)
        expect(tokens.slice(256)).toEqual(plain.learned)
      }),
      { numRuns: 150 },
    )
  })

  test("ties go to the lower left id, then the lower right id", () => {
    const words = wordsOfBytes({ texts: ["xy", "ab", "ac", "b!"], counts: [3, 3, 3, 3] }, 0)
    const { tokens } = learnMerges(words, { ...settings, vocabularySize: 260 })
    expect(tokens.slice(256)).toEqual(["ab", "ac", "b!", "xy"])
  })

  test("what is not accepted is never learned, nor built on", () => {
    const words = wordsOfBytes({ texts: ["abc"], counts: [9] }, 0)
    const { tokens } = learnMerges(words, { ...settings, accepts: (token) => token !== "ab" })
    expect(tokens.slice(256)).toEqual(["bc", "abc"])
  })
})

describe("by likelihood", () => {
  const join = (left: string, right: string) => left + right

  test("equals recounting everything before every merge", () => {
    fc.assert(
      fc.property(corpus, ({ texts, counts }) => {
        const plain = new PlainLearner(texts, counts, (count, left, right) => count / (left * right))
        let least = Math.max(2, Math.max(0, ...plain.pairs().map(({ count }) => count)) / 2)
        while (plain.learned.length < 20) {
          const best = plain.pairs().find(({ count }) => count >= least)
          if (best) plain.join(best)
          else if (least === 2) break
          else least = Math.max(2, least / 2)
        }
        const { tokens } = learnLikelyMerges(wordsOfBytes({ texts, counts }, 0), { ...settings, join })
        expect(tokens.slice(256)).toEqual(plain.learned)
      }),
      { numRuns: 150 },
    )
  })

  test("joins first what is met together more often than its parts let expect", () => {
    // count(ab) = 6 of a 10, b 10: 0.06. count(xy) = 4 of x 4, y 4: 0.25, and in the same band as 6.
    const counted = { texts: ["ab", "a", "b", "xy"], counts: [6, 4, 4, 4] }
    const { tokens } = learnLikelyMerges(wordsOfBytes(counted, 0), { ...settings, join })
    expect(tokens.slice(256)).toEqual(["xy", "ab"])
    expect(learnMerges(wordsOfBytes(counted, 0), settings).tokens.slice(256)).toEqual(["ab", "xy"])
  })
})
