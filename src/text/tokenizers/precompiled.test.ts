/** SentencePiece's table of replacements, by a small one made here. */
import { describe, expect, test } from "vitest"
import { AlignedText } from "./aligned-text.ts"
import { NORMALIZERS } from "./normalizers/index.ts"
import { buildPart } from "./parts.ts"

/** A double array over bytes (Darts' layout) with the replacements behind it. */
function characterMap(replacements: Readonly<Record<string, string>>): string {
  const units: number[] = [0]
  const texts: number[] = []
  const insert = (keys: readonly (readonly [Uint8Array, number])[], depth: number, parent: number): void => {
    const labels = [...new Set(keys.filter(([key]) => key.length > depth).map(([key]) => key[depth]))]
    const value = keys.find(([key]) => key.length === depth)?.[1]
    // Every node gets 256 places of its own, so that none is taken twice.
    const offset = (units.length + 255) & ~255
    while (units.length < offset + 256) units.push(0)
    units[parent] = (units[parent] | (((parent ^ offset) << 10) >>> 0)) >>> 0
    if (value !== undefined) {
      units[parent] = (units[parent] | 0x100) >>> 0
      units[offset] = (value | 0x80000000) >>> 0
    }
    for (const label of labels) {
      units[offset ^ label] = label
      insert(
        keys.filter(([key]) => key[depth] === label),
        depth + 1,
        offset ^ label,
      )
    }
  }
  const keys = Object.entries(replacements).map(([key, replaced]) => {
    const place = texts.length
    texts.push(...Buffer.from(replaced), 0)
    return [new Uint8Array(Buffer.from(key)), place] as const
  })
  insert(keys, 0, 0)
  const bytes = Buffer.alloc(4 + 4 * units.length + texts.length)
  bytes.writeUInt32LE(4 * units.length)
  units.forEach((unit, index) => {
    bytes.writeUInt32LE(unit, 4 + 4 * index)
  })
  Buffer.from(texts).copy(bytes, 4 + 4 * units.length)
  return bytes.toString("base64")
}

const build = (precompiled_charsmap: string) =>
  buildPart(NORMALIZERS, { type: "Precompiled", precompiled_charsmap }, "normalizer")

describe("Precompiled", () => {
  const map = characterMap({ "\t": " ", "\r": " ", ﬁ: "fi", "①": "1", "e\u0301": "é", "\u0001": "", "㎏": "kg" })
  const normalizer = build(map)

  test("replaces characters and graphemes", () => {
    expect(normalizer.normalize("a\tﬁx①\u0001㎏e\u0301e\u0323")).toBe("a fix1kgée\u0323")
    expect(normalizer.normalize("")).toBe("")
  })
  test("a carriage return with its line feed is one grapheme", () => {
    expect(normalizer.normalize("a\r\nb\r\né\r")).toBe("a b é ")
  })
  test("says where characters came from", () => {
    const aligned = normalizer.normalizeAligned(AlignedText.of("aﬁe\u0301\u0001b"))
    expect(aligned.text).toBe("afiéb")
    expect([...aligned.text].map((_, unit) => [aligned.startAt(unit), aligned.endAt(unit)])).toEqual([
      [0, 1],
      [1, 2],
      [1, 2],
      [2, 3],
      [5, 6],
    ])
  })
  test("what is no table is one clear error", () => {
    for (const bytes of ["", "AAAA", Buffer.from([8, 0, 0, 0, 1]).toString("base64")])
      expect(() => build(bytes)).toThrow(/precompiled_charsmap: wanted a trie.*TOKENIZER_INVALID/)
    const bad = Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([0xff])]).toString("base64")
    expect(() => build(bad)).toThrow(/replacements in UTF-8/)
  })
})
