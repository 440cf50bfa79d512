import { expect, test } from "vitest"
import { bitsPerByte, bitsPerByteOfLoss, bitsToNats, natsToBits, perplexity } from "./index.ts"

test("one byte chosen out of 256 equally likely ones needs 8 bits", () => {
  expect(bitsPerByte(Math.log(256), 1)).toBeCloseTo(8, 12)
  expect(perplexity(Math.log(256))).toBeCloseTo(256, 9)
})

test("a mean loss per token counts the tokens and the bytes they spell", () => {
  // 3 nats a token, 100 tokens over 400 bytes: 300 / ln 2 / 400
  expect(bitsPerByteOfLoss(3, 100, 400)).toBeCloseTo(1.0820212806667227, 12)
})

test("nats and bits turn into each other", () => {
  expect(natsToBits(Math.LN2)).toBe(1)
  expect(bitsToNats(natsToBits(3.25))).toBeCloseTo(3.25, 14)
})

test.each([
  [1, 0],
  [1, Number.NaN],
  [-1, 1],
  [Number.NaN, 1],
  [Number.POSITIVE_INFINITY, 1],
])("%d nats over %d bytes is refused", (nats, bytes) => {
  expect(() => bitsPerByte(nats, bytes)).toThrow(/\[INPUT_INVALID\]/)
})
