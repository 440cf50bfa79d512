/** The scanners cut exactly as the patterns they stand for. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { compilePattern, SPLIT_PATTERNS } from "./pattern.ts"
import { type PieceScanner, scannerOf } from "./piece-scanners.ts"
import { unitsOf } from "./text-units.ts"

const PATTERNS = { ...SPLIT_PATTERNS, qwen2: SPLIT_PATTERNS.cl100k.replace("\\p{N}{1,3}", "\\p{N}") }

/** Characters of every kind that the patterns tell apart, and any others. */
const character = fc.oneof(
  fc.constantFrom(..."aA1'  \t\n\r.sStTdDmMlLrReEvVſ/é한日ǅʰªⅧ½٣"),
  fc.constantFrom(
    "'ll",
    "'VE",
    "\u0301",
    "\u0903",
    "\u20dd",
    "𝟘",
    "𐐀",
    "𐐨",
    "😀",
    "𝅥",
    "\ud800",
    "\udc80",
    "\u0085",
    "\u3000",
  ),
  fc.nat(0x10ffff).map((code) => (code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code))),
)

function pieces(text: string, scan: PieceScanner): string[] {
  const found: string[] = []
  // What lies behind the text in the same memory must not matter.
  const units = unitsOf(`${text}'ll\udc00`)
  for (let from = 0; from < text.length; ) {
    const to = scan(units, from, text.length)
    found.push(text.slice(from, to))
    from = to
  }
  return found
}

describe.each(Object.entries(PATTERNS))("%s", (_, source) => {
  const scan = scannerOf(source) as PieceScanner
  const pattern = compilePattern(source, "pattern")

  test("cuts any text as the regular expression does", () => {
    fc.assert(
      fc.property(fc.array(character, { maxLength: 30 }), (parts) => {
        const text = parts.join("")
        expect(pieces(text, scan)).toEqual(text.match(pattern) ?? [])
      }),
      { numRuns: 1500 },
    )
  })

  test("cuts runs of one kind as the regular expression does", () => {
    for (const unit of [" ", "\n", "a", "1", ".", "A", "\u0301", "\r\n", "'s", " a", " \n", "Aa", "1 "])
      for (const length of [1, 2, 3, 4, 5, 50]) {
        const text = unit.repeat(length)
        expect(pieces(text, scan)).toEqual(text.match(pattern))
        expect(pieces(`x${text}y`, scan)).toEqual(`x${text}y`.match(pattern))
      }
  })
})

test("other patterns have no scanner", () => {
  expect(scannerOf("\\p{L}+")).toBeUndefined()
})
