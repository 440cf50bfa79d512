import fc from "fast-check"
import { expect, test } from "vitest"
import { StopMatcher } from "./stop-matcher.ts"

/** What a reader sees of `pieces`, and whether a stop text came. */
function follow(stops: readonly string[], pieces: readonly string[]): { text: string; stopped: boolean } {
  const matcher = new StopMatcher(stops)
  let text = ""
  for (const piece of pieces) {
    const matched = matcher.push(piece)
    text += matched.text
    if (matched.stopped) return { text, stopped: true }
  }
  return { text: text + matcher.end(), stopped: false }
}

test("where the pieces are cut does not matter", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 24 })
  const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }), {
    maxLength: 3,
  })
  fc.assert(
    fc.property(letters, stops, fc.array(fc.nat(5), { maxLength: 24 }), (text, stops, cuts) => {
      const pieces: string[] = []
      let rest = text
      for (const cut of cuts) {
        pieces.push(rest.slice(0, cut))
        rest = rest.slice(cut)
      }
      const whole = follow(stops, [text])
      expect(follow(stops, [...pieces, rest])).toEqual(whole)
      expect(whole.stopped).toBe(stops.some((stop) => text.includes(stop)))
      expect(stops.some((stop) => whole.text.includes(stop))).toBe(false)
      expect(text.startsWith(whole.text)).toBe(true)
    }),
    { numRuns: 400 },
  )
})

test("text that may begin a stop text is held back until it cannot", () => {
  const matcher = new StopMatcher(["\n\nUser:"])
  expect(matcher.push("Yes.\n")).toEqual({ text: "Yes.", stopped: false })
  expect(matcher.push("\nUs")).toEqual({ text: "", stopped: false })
  expect(matcher.push("ually")).toEqual({ text: "\n\nUsually", stopped: false })
  expect(matcher.push("\n\nUser")).toEqual({ text: "", stopped: false })
  expect(matcher.push(": hm")).toEqual({ text: "", stopped: true })
})

test("without stop texts everything passes at once", () => {
  expect(new StopMatcher([]).push("a\n")).toEqual({ text: "a\n", stopped: false })
})
