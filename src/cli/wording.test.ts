import { expect, it } from "vitest"
import { byteSize, duration, largeCount, onOneLine, sparkline } from "./wording.ts"

it.each([
  [0.04, "0.0 s"],
  [9.94, "9.9 s"],
  [9.96, "10 s"],
  [59.6, "1 min"],
  [200, "3 min 20 s"],
  [7260, "2 h 1 min"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.00 KB"],
  [999_600, "1.00 MB"],
  [25_276_514_304, "25.3 GB"],
])("%d bytes are %s", (bytes, text) => {
  expect(byteSize(bytes)).toBe(text)
})

it("names large counts", () => {
  expect([999_999, 1_120_000, 2.5e9].map(largeCount)).toEqual(["999,999", "1.12 million", "2.50 billion"])
})

it("draws a curve from its lowest to its highest", () => {
  expect(sparkline([3, 2, 1])).toBe("█▅▁")
  expect(sparkline([])).toBe("")
  expect(sparkline(Array(100).fill(1), 4)).toBe("▁▁▁▁")
})

it("keeps a text on one line and the cursor in its place", () => {
  expect(onOneLine("a\n b\u001b[2Jc")).toBe("a b·[2Jc")
  expect(onOneLine("x".repeat(20), 5)).toBe("xxxx…")
})
