/** The parts of Unigram against what trying everything finds. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type SymbolWords, SymbolWordsBuilder } from "../merging/symbol-words.ts"
import { BestCuts } from "./best-cut.ts"
import { expectPieces } from "./expectation.ts"
import { learnPieces, PieceModel } from "./learn-pieces.ts"
import { PieceLattice } from "./piece-lattice.ts"
import { findSeedPieces } from "./seed-pieces.ts"
import { suffixOrder } from "./suffix-order.ts"

interface Entry {
  readonly word: string
  readonly count: number
}

/** Corpora of a property. */
const RUNS = { numRuns: 40 }

/** Words of the letters a, b, c as symbols 0, 1, 2. */
function wordsOf(entries: readonly Entry[]): SymbolWords {
  const words = new SymbolWordsBuilder()
  for (const { word, count } of entries) {
    for (const letter of word) words.push(letter.charCodeAt(0) - 97)
    words.endWord(count)
  }
  return words.build()
}

const letters = (symbols: Iterable<number>) => String.fromCharCode(...Array.from(symbols, (symbol) => symbol + 97))

const entry: fc.Arbitrary<Entry> = fc.record({
  word: fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 7 }),
  count: fc.integer({ min: 1, max: 5 }),
})
const corpus = fc.uniqueArray(entry, { selector: ({ word }) => word, minLength: 1, maxLength: 8 })
const SEEDS = { maximumLength: 4, maximumPieces: 1000 }

function latticeOf(entries: readonly Entry[]) {
  const words = wordsOf(entries)
  const seeds = findSeedPieces(words, SEEDS)
  const lattice = new PieceLattice(words, seeds)
  const texts = Array.from(lattice.lengths, (length, piece) =>
    letters(words.symbols.subarray(lattice.places[piece], lattice.places[piece] + length)),
  )
  return { words, seeds, lattice, texts }
}

/** Every way to cut a word into the pieces given. */
function cutsOf(word: string, pieces: readonly string[]): string[][] {
  if (word === "") return [[]]
  return pieces.flatMap((piece) =>
    word.startsWith(piece) ? cutsOf(word.slice(piece.length), pieces).map((rest) => [piece, ...rest]) : [],
  )
}

describe("suffixes", () => {
  test.each([1, 3, 8])("are in order by their first %d symbols, within their words", (depth) => {
    fc.assert(
      fc.property(corpus, (entries) => {
        const words = wordsOf(entries)
        const { positions, ends } = suffixOrder(words, depth)
        const texts = Array.from(positions, (at) => letters(words.symbols.subarray(at, ends[at])).slice(0, depth))
        expect(texts).toEqual(texts.toSorted())
        expect([...positions].sort((left, right) => left - right)).toEqual([...words.symbols.keys()])
      }),
      RUNS,
    )
  })
})

describe("seeds", () => {
  test("are all letters, and the substrings met twice that no longer one always holds", () => {
    fc.assert(
      fc.property(corpus, (entries) => {
        const counts = new Map<string, number>()
        for (const { word, count } of entries) {
          for (let from = 0; from < word.length; from++) {
            for (let to = from + 1; to <= Math.min(word.length, from + SEEDS.maximumLength); to++) {
              const text = word.slice(from, to)
              counts.set(text, (counts.get(text) ?? 0) + count)
            }
          }
        }
        const isAlwaysExtended = (text: string) =>
          text.length < SEEDS.maximumLength && [..."abc"].some((next) => counts.get(text + next) === counts.get(text))
        const wanted = [...counts].filter(
          ([text, count]) => text.length === 1 || (count >= 2 && !isAlwaysExtended(text)),
        )
        const { seeds, texts } = latticeOf(entries)
        const found = texts.map((text, piece): [string, number] => [text, seeds.counts[piece]])
        expect(found.toSorted()).toEqual(wanted.toSorted())
      }),
      RUNS,
    )
  })

  test("when there are too many, those with the highest count × length are taken", () => {
    const words = wordsOf([
      { word: "aab", count: 9 },
      { word: "cc", count: 2 },
      { word: "ab", count: 1 },
    ])
    const { lengths } = findSeedPieces(words, { maximumLength: 4, maximumPieces: 1 })
    expect([...lengths].toSorted()).toEqual([1, 1, 1, 3])
  })
})

describe("the lattice", () => {
  test("knows for every position the pieces that begin there, and still after some are dropped", () => {
    fc.assert(
      fc.property(corpus, fc.infiniteStream(fc.boolean()), (entries, coins) => {
        const { lattice, texts, words } = latticeOf(entries)
        const agree = (pieces: readonly string[]) => {
          const { ends } = suffixOrder(words, 1)
          for (let at = 0; at < words.symbols.length; at++) {
            const rest = letters(words.symbols.subarray(at, ends[at]))
            const here = [...lattice.matches.subarray(lattice.starts[at], lattice.starts[at + 1])]
            const wanted = pieces
              .filter((piece) => rest.startsWith(piece))
              .sort((one, other) => one.length - other.length)
            expect(here.map((piece) => pieces[piece])).toEqual(wanted)
          }
        }
        agree(texts)
        const kept = Uint8Array.from(texts, () => (coins.next().value ? 1 : 0))
        lattice.keep(kept)
        agree(texts.filter((_, piece) => kept[piece]))
      }),
      RUNS,
    )
  })
})

describe("expectation", () => {
  test("equals the sum over all cuts", () => {
    fc.assert(
      fc.property(corpus, (entries) => {
        const { lattice, texts } = latticeOf(entries)
        const probabilities = Float64Array.from(texts, (text, piece) => ((piece % 5) + 1) / (10 * text.length))
        const wanted = new Float64Array(texts.length)
        let logLikelihood = 0
        for (const { word, count } of entries) {
          const cuts = cutsOf(word, texts).map((pieces) => ({
            pieces,
            probability: pieces.reduce((product, piece) => product * probabilities[texts.indexOf(piece)], 1),
          }))
          const whole = cuts.reduce((sum, { probability }) => sum + probability, 0)
          logLikelihood += count * Math.log(whole)
          for (const { pieces, probability } of cuts) {
            for (const piece of pieces) wanted[texts.indexOf(piece)] += (count * probability) / whole
          }
        }
        const expected = new Float64Array(texts.length)
        expect(expectPieces(lattice, probabilities, expected)).toBeCloseTo(logLikelihood, 8)
        for (const [piece, count] of expected.entries()) expect(count).toBeCloseTo(wanted[piece], 8)
      }),
      RUNS,
    )
  })

  test("neither vanishes nor overflows on a word of 5,000 letters of probability 1e-12", () => {
    const words = wordsOf([{ word: "ab".repeat(2500), count: 3 }])
    const lattice = new PieceLattice(words, findSeedPieces(words, { maximumLength: 1, maximumPieces: 0 }))
    const expected = new Float64Array(2)
    const logLikelihood = expectPieces(lattice, Float64Array.of(1e-12, 1e-12), expected)
    expect(logLikelihood / (3 * 5000 * Math.log(1e-12))).toBeCloseTo(1, 12)
    expect(expected[0]).toBeCloseTo(7500, 6)
    expect(expected[1]).toBeCloseTo(7500, 6)
  })

  test("every step of maximisation makes the words likelier", () => {
    fc.assert(
      fc.property(corpus, (entries) => {
        const { lattice, seeds } = latticeOf(entries)
        let probabilities = new PieceModel(lattice, seeds, lattice.size).probabilities
        let before = Number.NEGATIVE_INFINITY
        for (let step = 0; step < 8; step++) {
          const expected = new Float64Array(lattice.size)
          const logLikelihood = expectPieces(lattice, probabilities, expected)
          expect(logLikelihood).toBeGreaterThanOrEqual(before - 1e-9)
          before = logLikelihood
          const sum = expected.reduce((total, count) => total + count, 0)
          probabilities = expected.map((count) => count / sum)
        }
      }),
      RUNS,
    )
  })
})

test("the best cut is the likeliest of all cuts, with a piece or without it", () => {
  fc.assert(
    fc.property(corpus, (entries) => {
      const { lattice, texts, words } = latticeOf(entries)
      const scores = Float64Array.from(texts, (text, piece) => -((piece * 7) % 11) - text.length)
      const total = (pieces: readonly string[]) => pieces.reduce((sum, piece) => sum + scores[texts.indexOf(piece)], 0)
      const cuts = new BestCuts(lattice, scores)
      for (const [index, { word }] of entries.entries()) {
        const cut = (without?: number) =>
          cuts.cut(words.starts[index], words.starts[index + 1], without).map((piece) => texts[piece])
        expect(cut().reverse().join("")).toBe(word)
        expect(total(cut())).toBe(Math.max(...cutsOf(word, texts).map(total)))
        const long = texts.findIndex((text) => text.length > 1)
        if (long < 0) continue
        const others = texts.filter((_, piece) => piece !== long)
        expect(total(cut(long))).toBe(Math.max(...cutsOf(word, others).map(total)))
      }
    }),
    RUNS,
  )
})

describe("learning", () => {
  const settings = { maximumLength: 8, seedPieces: 1000, shrinkingFactor: 0.75, subIterations: 2 }

  test("finds the words that a text is made of", () => {
    const counts = { abc: 50, cab: 40, abccab: 3, cabbb: 3 }
    const entries = Object.entries(counts).map(([word, count]) => ({ word, count }))
    const learned = learnPieces(wordsOf(entries), { ...settings, size: 5 })
    const probabilities = new Map(
      learned.map(({ symbols, logProbability }) => [letters(symbols), Math.exp(logProbability)]),
    )
    expect([...probabilities.keys()].toSorted()).toEqual(["a", "abc", "b", "c", "cab"])
    // abc is cut off 53 times, cab 46 times, and b 6 times for want of bb.
    expect(probabilities.get("abc")).toBeCloseTo(53 / 105, 1)
    expect(probabilities.get("cab")).toBeCloseTo(46 / 105, 1)
    expect([...probabilities.values()].reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 12)
  })

  test("keeps every letter, and as many pieces as asked for where there are so many", () => {
    fc.assert(
      fc.property(corpus, fc.integer({ min: 1, max: 12 }), (entries, size) => {
        const { lattice, words } = latticeOf(entries)
        const letterCount = new Set(words.symbols).size
        const learned = learnPieces(words, { ...settings, maximumLength: 4, size })
        expect(learned.length).toBe(Math.max(letterCount, Math.min(size, lattice.size)))
        expect(learned.filter(({ symbols }) => symbols.length === 1).length).toBe(letterCount)
      }),
      RUNS,
    )
  })
})
