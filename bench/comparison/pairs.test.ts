import { describe, expect, test } from "vitest"
import { holds, median, ratio, summarize } from "./pairs.ts"

test("the median is the middle one, or the mean of the middle two", () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([7])).toBe(7)
})

test("a speedup is more than 1 where Glossa is ahead, for rates and for seconds", () => {
  expect(ratio("speedup", "tokens/s", 300, 100)).toBe(3)
  expect(ratio("speedup", "s", 10, 30)).toBe(3)
})

test("a share is what Glossa takes of what the peer takes", () => {
  expect(ratio("share", "bytes", 3, 4)).toBe(0.75)
  expect(ratio("share", "s", 1, 4)).toBe(0.25)
})

describe("a summary", () => {
  const speed = { measure: "speedup", unit: "tokens/s" } as const

  test("takes the ratio in each pair, not of the medians", () => {
    // The second pair ran on a machine half as fast, for both.
    expect(summarize(speed, [200, 100, 220], [100, 50, 100])).toEqual({ value: 2, lowest: 2, highest: 2.2 })
  })

  test("is missing without a peer, and without readings", () => {
    expect(summarize(speed, [200, 100], [])).toBeUndefined()
    expect(summarize(speed, [200, 100], [100])).toBeUndefined()
    expect(summarize({ measure: "value", unit: "s" }, [], [])).toBeUndefined()
  })

  test("of our own numbers needs no peer, and is a mean where the figure says so", () => {
    expect(summarize({ measure: "value", unit: "s" }, [1, 2, 6], [])?.value).toBe(2)
    const loss = { measure: "value", unit: "nats", average: "mean" } as const
    expect(summarize(loss, [1, 2, 6], [5, 5, 5])).toEqual({ value: 3, lowest: 1, highest: 6 })
  })
})

test("bars include their limit", () => {
  expect(holds({ atLeast: 2.5 }, 2.5)).toBe(true)
  expect(holds({ atLeast: 2.5 }, 2.49)).toBe(false)
  expect(holds({ atMost: 0.5 }, 0.5)).toBe(true)
  expect(holds({ atMost: 0.5 }, 0.51)).toBe(false)
})
