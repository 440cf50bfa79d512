/** The parts that SentencePiece tokenizers bring to tokenizer.json, one by one, as Hugging Face's library has them. */
import { describe, expect, test } from "vitest"
import { DECODERS } from "./decoders/index.ts"
import { NORMALIZERS } from "./normalizers/index.ts"
import { buildPart } from "./parts.ts"
import { PRE_TOKENIZERS } from "./pre-tokenizers/index.ts"
import { Tokenizer } from "./tokenizer.ts"

const normalize = (json: object, text: string) => buildPart(NORMALIZERS, json, "normalizer").normalize(text)
const cut = (json: object, text: string, isFirst = true) =>
  buildPart(PRE_TOKENIZERS, json, "pre_tokenizer").split(text, isFirst)
function decode(json: object, tokens: readonly string[]): string {
  const decoder = buildPart(DECODERS, json, "decoder")
  return Buffer.concat(tokens.map((token, index) => decoder.bytesOf(token, index === 0))).toString()
}
const LLAMA = [
  { type: "Replace", pattern: { String: "▁" }, content: " " },
  { type: "ByteFallback" },
  { type: "Fuse" },
  { type: "Strip", content: " ", start: 1, stop: 0 },
]

describe("normalizers", () => {
  test("Prepend leaves an empty text empty", () => {
    const json = { type: "Prepend", prepend: "▁" }
    expect(normalize(json, "a b")).toBe("▁a b")
    expect(normalize(json, "")).toBe("")
  })
  test("Replace takes literal texts and patterns; the content stands for itself", () => {
    expect(normalize({ type: "Replace", pattern: { String: "." }, content: "$&" }, "a.b.")).toBe("a$&b$&")
    expect(normalize({ type: "Replace", pattern: { Regex: "\\s{2,}" }, content: "$1" }, "a  b c\t\t")).toBe("a$1b c$1")
  })
})

describe("Metaspace", () => {
  const json = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true }
  test("cuts before every mark and puts one before the text", () => {
    expect(cut(json, "Hey  my friend")).toEqual(["▁Hey", "▁", "▁my", "▁friend"])
    expect(cut(json, " Hey")).toEqual(["▁Hey"])
    expect(cut(json, "")).toEqual([])
    expect(cut({ ...json, split: false }, "Hey my")).toEqual(["▁Hey▁my"])
    expect(cut({ ...json, prepend_scheme: "never" }, "Hey my")).toEqual(["Hey", "▁my"])
  })
  test("with the scheme first, only at the start of the whole text", () => {
    const first = { ...json, prepend_scheme: "first" }
    expect(cut(first, "Hey")).toEqual(["▁Hey"])
    expect(cut(first, "Hey", false)).toEqual(["Hey"])
    const sequence = { type: "Sequence", pretokenizers: [{ type: "Digits" }, first] }
    expect(cut(sequence, "a1 b")).toEqual(["▁a", "1", "▁b"])
    const vocab = { "<x>": 0, a: 1, "▁": 2, "▁a": 3 }
    const tokenizer = Tokenizer.fromJson({
      version: "1.0",
      added_tokens: [{ id: 0, content: "<x>" }],
      pre_tokenizer: first,
      decoder: first,
      model: { type: "BPE", vocab, merges: ["▁ a"] },
    })
    expect(tokenizer.encode("a<x>a a")).toEqual([3, 0, 1, 3])
    expect(tokenizer.encode("<x>a")).toEqual([0, 1])
  })
  test("gives spaces back, without the one that encoding added", () => {
    expect(decode(json, ["▁Hey", "▁my", "▁▁friend"])).toBe("Hey my  friend")
    expect(decode({ ...json, prepend_scheme: "never" }, ["▁Hey", "▁my"])).toBe(" Hey my")
  })
  test("reads the older key, and refuses keys that contradict", () => {
    const old = { type: "Metaspace", replacement: "▁", add_prefix_space: false }
    expect(cut(old, "Hey my")).toEqual(["Hey", "▁my"])
    expect(() => cut({ ...old, prepend_scheme: "always" }, "")).toThrow(/prepend_scheme: wanted "never".*came "always"/)
    expect(() => cut({ ...json, replacement: "__" }, "")).toThrow(/replacement: wanted one character/)
  })
})

describe("decoders", () => {
  test("ByteFallback gives bytes back, alone and in characters", () => {
    const json = { type: "ByteFallback" }
    expect(decode(json, ["Hey", "<0xE2>", "<0x99>", "<0xa5>", "<0x0A>", "<0xZZ>"])).toBe("Hey♥\n<0xZZ>")
  })
  test("Strip takes at most so many characters off each token", () => {
    expect(decode({ type: "Strip", content: "H", start: 1, stop: 0 }, ["HHey", "Ho"])).toBe("Heyo")
    expect(decode({ type: "Strip", content: "y", start: 0, stop: 2 }, ["Heyyy", "y", "a"])).toBe("Heya")
  })
  test("Sequence runs them in turn; after Fuse, Strip knows only the start of the text", () => {
    expect(decode({ type: "Sequence", decoders: LLAMA }, ["▁Hey", "▁", "<0xE2>", "<0x99>", "<0xA5>", "▁x"])).toBe(
      "Hey ♥ x",
    )
    const apart = LLAMA.filter(({ type }) => type !== "Fuse")
    expect(decode({ type: "Sequence", decoders: apart }, ["▁Hey", "▁you"])).toBe("Heyyou")
    const nested = { type: "Sequence", decoders: [{ type: "Sequence", decoders: LLAMA.slice(0, 3) }, LLAMA[3]] }
    expect(decode(nested, ["▁Hey", "▁you"])).toBe("Hey you")
  })
  test("after Fuse, what must see the whole text has it at the end", () => {
    const spoken = (last: object, tokens: readonly string[]) => {
      const decoder = { type: "Sequence", decoders: [{ type: "Fuse" }, last] }
      const vocab = Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]))
      const tokenizer = Tokenizer.fromJson({ version: "1.0", decoder, model: { type: "BPE", vocab, merges: [] } })
      const ids = tokens.map((token) => vocab[token])
      const stream = tokenizer.decodeStream()
      const streamed = ids.map((id) => stream.push(id)).join("") + stream.end()
      expect(tokenizer.decode(ids)).toBe(streamed)
      return streamed
    }
    expect(spoken({ type: "Strip", content: " ", start: 0, stop: 1 }, ["a", " ", " "])).toBe("a ")
    expect(spoken({ type: "Strip", content: " ", start: 2, stop: 0 }, [" ", " ", " a"])).toBe(" a")
    expect(spoken({ type: "Replace", pattern: { String: " ," }, content: "," }, ["a ", ", b"])).toBe("a, b")
    expect(spoken({ type: "ByteFallback" }, ["<0x", "41>"])).toBe("A")
    expect(spoken({ type: "Sequence", decoders: [{ type: "ByteFallback" }] }, ["<0x", "41>"])).toBe("A")
    const character = { type: "Replace", pattern: { String: "▁" }, content: " " }
    expect(decode({ type: "Sequence", decoders: [{ type: "Fuse" }, character] }, ["▁a", "▁b"])).toBe(" a b")
  })
  test("parts write themselves as they were read", () => {
    const json = { type: "Sequence", decoders: LLAMA }
    expect(buildPart(DECODERS, json, "decoder").toJson()).toEqual(json)
  })
})
