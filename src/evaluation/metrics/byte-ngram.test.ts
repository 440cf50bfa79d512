import { expect, test } from "vitest"
import { ByteTable } from "./byte-table.ts"
import { ByteNgramModel, ngramBitsPerByte } from "./index.ts"
import { countOccurrences, proseDocuments } from "./prose.cases.ts"

const bytes = (text: string) => Buffer.from(text)

function packContext(context: Uint8Array): [low: number, high: number] {
  let low = 0
  let high = 0
  for (const byte of context) {
    high = ((high << 8) | (low >>> 24)) & 0xffff
    low = ((low << 8) | byte) >>> 0
  }
  return [low, high]
}

function totalProbability(model: ByteNgramModel, context: Uint8Array): number {
  const [low, high] = packContext(context)
  let total = 0
  for (let byte = 0; byte < 256; byte++) total += model.probability(byte, low, high)
  return total
}

test("the longest strings are counted as often as they occur, shorter ones by the bytes before them", () => {
  const model = ByteNgramModel.count(bytes("abracadabra"), { order: 3 })
  expect(model.countOf(bytes("abr"))).toBe(2)
  expect(model.countOf(bytes("bra"))).toBe(2)
  expect(model.countOf(bytes("aca"))).toBe(1)
  expect(model.countOf(bytes("xyz"))).toBe(0)
  // "ab" follows "\n" (the start) and "d"; "ra" only "b"; "a" follows \n, r, c, d
  expect(model.countOf(bytes("ab"))).toBe(2)
  expect(model.countOf(bytes("ra"))).toBe(1)
  expect(model.countOf(bytes("a"))).toBe(4)
})

test("a bigram model of a tiny text has the probabilities found by hand", () => {
  // "aab" after "\n": \na, aa, ab once each. Too few counts to estimate discounts: each count gives up 1/2.
  // Order 1 counts different bytes before: a follows \n and a (2), b follows a (1); of 3, 1 is withheld.
  //   P1(a) = 1.5/3 + 1/3/256 and P1(b) = 0.5/3 + 1/3/256
  // Order 2 after a: a once, b once, 1 withheld: P2(a|a) = 0.5/2 + 1/2 P1(a)
  const model = ByteNgramModel.count(bytes("aab"), { order: 2 })
  const [a, b, z] = bytes("abz")
  const first = (kept: number) => kept / 3 + 1 / 3 / 256
  expect(model.probability(a, a, 0)).toBeCloseTo(0.25 + 0.5 * first(1.5), 14)
  expect(model.probability(b, a, 0)).toBeCloseTo(0.25 + 0.5 * first(0.5), 14)
  expect(model.probability(z, a, 0)).toBeCloseTo(0.5 * first(0), 14)
  // z was never a context: order 1 answers
  expect(model.probability(a, z, 0)).toBeCloseTo(first(1.5), 14)
  // "\na": after \n only a was seen once
  const start = 0.5 + 0.5 * first(1.5)
  expect(model.bits(bytes("aa"))).toBeCloseTo(-Math.log2(start) - Math.log2(0.25 + 0.5 * first(1.5)), 12)
})

test.each([1, 2, 3, 4, 5, 6])("order %d: the 256 probabilities sum to 1 after seen and unseen contexts", (order) => {
  const model = ByteNgramModel.count(bytes("the quick brown fox jumps over the lazy dog; ".repeat(5) + "ümläut"), {
    order,
  })
  for (const context of ["", "e", "the q", "x over", "zzzzz", "ümlä", "\u0000\u0000\u0000\u0000\u0000", "ÿÿÿ"]) {
    expect(totalProbability(model, bytes(context))).toBeCloseTo(1, 12)
  }
})

test("on real prose probabilities sum to 1 with estimated discounts, and longer contexts help", () => {
  const { training, heldOut } = proseDocuments(30)
  const model = ByteNgramModel.count(training)
  for (let start = 0; start < 2000; start += 97) {
    expect(totalProbability(model, heldOut[0].subarray(start, start + 5))).toBeCloseTo(1, 10)
  }
  expect(model.countOf(bytes("people"))).toBe(countOccurrences(training, "people"))
  const byOrder = [1, 3, 6].map((order) => ngramBitsPerByte(training, heldOut, { order }))
  expect(byOrder[0]).toBeGreaterThan(4)
  expect(byOrder[1]).toBeLessThan(3)
  expect(byOrder[2]).toBeLessThan(byOrder[1])
  expect(byOrder[2]).toBeGreaterThan(1)
})

test("every document starts afresh, and empty ones do not count", () => {
  const model = ByteNgramModel.count([bytes("one two"), bytes(""), bytes("three")])
  const alone = model.bits(bytes("two")) + model.bits(bytes("one"))
  expect(model.bitsPerByte([bytes("two"), bytes(""), bytes("one")])).toBeCloseTo(alone / 6, 12)
})

test("no text and impossible orders are refused", () => {
  expect(() => ByteNgramModel.count([])).toThrow(/CORPUS_EMPTY/)
  expect(() => ByteNgramModel.count(bytes("a")).bitsPerByte([])).toThrow(/CORPUS_EMPTY/)
  for (const order of [0, 7, 2.5])
    expect(() => ByteNgramModel.count(bytes("a"), { order })).toThrow(/ATTRIBUTE_INVALID/)
})

test("the table keeps every string apart while it grows", () => {
  const table = new ByteTable(4)
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 20_000; index++) table.add(index >>> 3, (index & 7) * 8192, index)
  }
  expect(table.size).toBe(20_000)
  for (let index = 0; index < 20_000; index += 7) {
    expect(table.counts[table.find(index >>> 3, (index & 7) * 8192)]).toBe(2 * index)
  }
  expect(table.find(0, 5)).toBe(-1)
})
