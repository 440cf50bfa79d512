import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { GlossaError } from "../../../errors.ts"
import { AutoTokenizer, tokenizerFromLlama2c } from "../index.ts"

type Piece = readonly [text: string, score: number]

const LEARNED = " t|he| a|nd| the|th| an| and|in|an|ing|the|nn|ng| in|thing| th|aa|aaa".split("|")
const LETTERS = [...' andtheig,.\n"é']
/** Learned pieces score −0, −1, −2, …; single characters come after them, as SentencePiece has it. */
const PIECES: readonly Piece[] = [
  ["<unk>", 0],
  ["\n<s>\n", 0],
  ["\n</s>\n", 0],
  ...Array.from({ length: 256 }, (_, byte): Piece => [`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, 0]),
  ...[...LEARNED, ...LETTERS].map((text, rank): Piece => [text, -rank]),
]

function fileOf(pieces: readonly Piece[]): Uint8Array {
  const longest = Buffer.alloc(4)
  longest.writeInt32LE(Math.max(0, ...pieces.map(([text]) => Buffer.byteLength(text))))
  const entries = pieces.map(([text, score]) => {
    const head = Buffer.alloc(8)
    head.writeFloatLE(score)
    head.writeInt32LE(Buffer.byteLength(text), 4)
    return Buffer.concat([head, Buffer.from(text)])
  })
  return Buffer.concat([longest, ...entries])
}

/** SentencePiece's rule spelled out: of all neighbours that form a piece, the best score is joined, the leftmost first. */
function idsByScore(text: string, pieces: readonly Piece[]): number[] {
  const idOf = new Map(pieces.map(([piece], id) => [piece, id]))
  const symbols = [...(text && ` ${text}`)].flatMap((character) => {
    const id = idOf.get(character)
    return id === undefined ? [...Buffer.from(character)].map((byte) => byte + 3) : [id]
  })
  for (;;) {
    const joins = symbols.slice(1).flatMap((right, at) => {
      const id = idOf.get(pieces[symbols[at]][0] + pieces[right][0])
      return id === undefined ? [] : [{ at, id }]
    })
    if (joins.length === 0) return symbols
    const best = joins.reduce((most, join) => (pieces[join.id][1] > pieces[most.id][1] ? join : most))
    symbols.splice(best.at, 2, best.id)
  }
}

const tokenizer = tokenizerFromLlama2c(fileOf(PIECES))

describe("tokenizers of llama2.c", () => {
  test("join what SentencePiece joins, in its order", () => {
    const text = fc.array(fc.constantFrom(...LEARNED, ...LETTERS, "日", "🎉", "  "), { maxLength: 30 })
    fc.assert(
      fc.property(
        text.map((parts) => parts.join("")),
        (text) => {
          expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(idsByScore(text, PIECES))
        },
      ),
      { numRuns: 500 },
    )
  })
  test("begin texts with <s> and a space that decoding leaves out", () => {
    const ids = tokenizer.encode("the thing")
    expect(ids.map((id) => tokenizer.idToToken(id))).toEqual(["<s>", "▁the", "▁th", "ing"])
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe("the thing")
    expect(tokenizer.decode(ids)).toBe("<s> the thing")
    expect([tokenizer.bosId, tokenizer.eosId, tokenizer.vocabularySize]).toEqual([1, 2, PIECES.length])
  })
  test("any text comes back, whole or as a stream, bytes for characters without a piece", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
        fc.pre(!text.includes("▁"))
        const ids = tokenizer.encode(text, { addSpecialTokens: false })
        expect(tokenizer.decode(ids)).toBe(text)
        const stream = tokenizer.decodeStream()
        expect(ids.map((id) => stream.push(id)).join("") + stream.end()).toBe(text)
      }),
    )
    expect(tokenizer.encode("", { addSpecialTokens: false })).toEqual([])
  })
  test("keep the space before the first word where ids go on from others", () => {
    const ids = tokenizer.encode("and the thing")
    const rest = ids.slice(2)
    expect(tokenizer.decode(rest)).toBe("the thing")
    expect(tokenizer.decode(rest, { continues: true })).toBe(" the thing")
    const stream = tokenizer.decodeStream({ continues: true })
    expect(rest.map((id) => stream.push(id)).join("")).toBe(" the thing")
  })
  test("are saved and read back", async () => {
    const folder = await mkdtemp(join(tmpdir(), "glossa-llama2c-"))
    try {
      await tokenizer.save(folder)
      const read = await AutoTokenizer.fromPretrained(folder)
      expect(read.toJson()).toEqual(tokenizer.toJson())
      expect(read.encode("an anthill")).toEqual(tokenizer.encode("an anthill"))
      expect(read.roles).toEqual({ bos: "<s>", eos: "</s>", unk: "<unk>" })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
  test.each([
    ["nothing", PIECES.slice(0, 0), "at least 259 pieces; came 0"],
    ["too few pieces", PIECES.slice(0, 200), "at least 259 pieces; came 200"],
    ["other first pieces", PIECES.slice(3), 'piece 0: wanted "<unk>"; came "<0x00>"'],
    ["bytes in another order", PIECES.with(3, ["<0x01>", 0]), 'piece 3: wanted "<0x00>"; came "<0x01>"'],
    ["a piece twice", [...PIECES, ["he", -99] as const], 'wanted each piece once; came "he", as piece 260'],
    ["a score that is none", [...PIECES, ["x", Number.NaN] as const], "wanted a finite score; came NaN"],
    ["an empty piece", [...PIECES, ["", 0] as const], "wanted a length of 1"],
  ])("refuse a file with %s", (_, pieces, message) => {
    expect(() => tokenizerFromLlama2c(fileOf(pieces), "tok.bin")).toThrow(message)
  })
  test("refuse a file cut short, wherever the cut, unless a piece ends there", () => {
    const file = fileOf(PIECES)
    const whole = new Set([4])
    for (const [index] of PIECES.entries()) whole.add(fileOf(PIECES.slice(0, index + 1)).length)
    for (let length = 4; length < file.length; length += 7) {
      if (whole.has(length)) continue
      expect(() => tokenizerFromLlama2c(file.subarray(0, length))).toThrow(GlossaError)
    }
  })
})
