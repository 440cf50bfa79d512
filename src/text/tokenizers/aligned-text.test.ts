/** Places survive rewriting: whatever a normalizer does to a plain text it does to an aligned one, and says whence. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { AlignedText } from "./aligned-text.ts"
import { NORMALIZERS } from "./normalizers/index.ts"
import { buildPart } from "./parts.ts"
import { PRE_TOKENIZERS } from "./pre-tokenizers/index.ts"

const character = fc.oneof(
  fc.constantFrom(..." aAzÉéñßΣİﬁ①한각ㄱ日本😀"),
  fc.constantFrom("\u0301", "\u0323", "\u0308", "\u0345", "\u11a8", "\u1161", "\u1100", "\r\n", "\t", "\u200b", "\0"),
  fc.nat(0x10ffff).map((code) => (code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code))),
)
const text = fc.array(character, { maxLength: 16 }).map((parts) => parts.join(""))

const REWRITERS = [
  ...["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt", "StripAccents", "ByteLevel", "BertNormalizer"].map((type) => ({
    type,
  })),
  { type: "Strip", strip_left: true, strip_right: true },
  { type: "Prepend", prepend: "▁_" },
  { type: "Replace", pattern: { Regex: "\\s|a|\\p{M}+" }, content: "xy" },
  { type: "Replace", pattern: { String: " " }, content: "" },
]

describe("normalizers", () => {
  test.each(REWRITERS)("$type says the same of plain and of aligned texts", (json) => {
    const normalizer = buildPart(NORMALIZERS, json, "normalizer")
    fc.assert(
      fc.property(text, (original) => {
        const aligned = normalizer.normalizeAligned(AlignedText.of(original))
        expect(aligned.text).toBe(normalizer.normalize(original))
        for (let unit = 0; unit < aligned.text.length; unit++) {
          const [start, end] = [aligned.startAt(unit), aligned.endAt(unit)]
          expect(start >= 0 && start <= end && end <= original.length).toBe(true)
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe("places", () => {
  const placed = (aligned: AlignedText) =>
    [...aligned.text].map((_, index) => [aligned.startAt(index), aligned.endAt(index)])
  test("a composed character stands for its first part, marks carry theirs along", () => {
    const nfc = buildPart(NORMALIZERS, { type: "NFC" }, "normalizer")
    const composed = nfc.normalizeAligned(AlignedText.of("xe\u0301y"))
    expect(composed.text).toBe("xéy")
    expect(placed(composed)).toEqual([
      [0, 1],
      [1, 2],
      [3, 4],
    ])
  })
  test("what is deleted at the edges belongs to no character", () => {
    const strip = buildPart(NORMALIZERS, { type: "Strip", strip_left: true, strip_right: true }, "normalizer")
    const stripped = strip.normalizeAligned(AlignedText.of("  ab "))
    expect(placed(stripped)).toEqual([
      [2, 3],
      [3, 4],
    ])
    expect([stripped.start, stripped.end]).toEqual([0, 5])
    expect(stripped.slice(0, 2).start).toBe(2)
  })
  test("pieces cut from aligned texts are those cut from plain ones", () => {
    for (const json of [
      { type: "Metaspace", replacement: "▁", prepend_scheme: "always" },
      { type: "ByteLevel", add_prefix_space: true },
      { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, { type: "Punctuation" }] },
      { type: "UnicodeScripts" },
    ]) {
      const cutter = buildPart(PRE_TOKENIZERS, json, "pre_tokenizer")
      fc.assert(
        fc.property(text, (original) => {
          const plain = cutter.split(original, true).map((piece) => cutter.spell?.(piece) ?? piece)
          expect(cutter.splitAligned(AlignedText.of(original)).map((piece) => piece.text)).toEqual(plain)
        }),
        { numRuns: 80 },
      )
    }
  })
})
