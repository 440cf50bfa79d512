import { describe, expect, it } from "vitest"
import { GgufMetadata, type GgufValue } from "../../../gguf/index.ts"
import { SPLIT_PATTERNS, type SplitPatternName } from "../pattern.ts"
import { Tokenizer } from "../tokenizer.ts"
import { trainBpe } from "../trainers/index.ts"
import { tokenizerFromGguf } from "./gguf.ts"
import { ggufTokenizer } from "./gguf-export.ts"

const TEXT = "Call me Ishmael. It's 1851, and I've 12345 naïve 😀 friends;\n\n  they'll SAIL  \t "

const texts = (value: readonly string[]): GgufValue => ({ type: "array", items: "string", value })
const floats = (value: readonly number[]): GgufValue => ({
  type: "array",
  items: "float32",
  value: Float32Array.from(value),
})
const kinds = (value: readonly number[]): GgufValue => ({
  type: "array",
  items: "int32",
  value: Int32Array.from(value),
})
const text = (value: string): GgufValue => ({ type: "string", value })
const id = (value: number): GgufValue => ({ type: "uint32", value })
const flag = (value: boolean): GgufValue => ({ type: "bool", value })

type Keys = Record<string, GgufValue>
const metadataOf = (keys: Keys) =>
  new GgufMetadata(
    new Map(
      Object.entries(keys).map(([key, value]) => [
        key.startsWith("chat") ? `tokenizer.${key}` : `tokenizer.ggml.${key}`,
        value,
      ]),
    ),
    "some.gguf",
  )

/** A SentencePiece vocabulary of a few pieces. */
function sentencePiece(changes: Keys = {}): GgufMetadata {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`)
  const pieces = ["▁", "a", "b", "c", "ab", "▁a", "bc", "abc", "▁ab"]
  // "ab" joins before "bc", "▁a" after both; "▁ab" may be joined from either side.
  const scores = [-20, -21, -22, -23, -1, -4, -3, -5, -2]
  return metadataOf({
    model: text("llama"),
    tokens: texts(["<unk>", "<s>", "</s>", ...bytes, ...pieces]),
    scores: floats([0, 0, 0, ...bytes.map(() => 0), ...scores]),
    token_type: kinds([2, 3, 3, ...bytes.map(() => 6), ...pieces.map(() => 1)]),
    bos_token_id: id(1),
    eos_token_id: id(2),
    ...changes,
  })
}
const FIRST = 259

describe("SentencePiece's vocabularies", () => {
  it("join by the best score, and spell strange characters in bytes", () => {
    const tokenizer = tokenizerFromGguf(sentencePiece())
    // ▁ab c: by hand, the pairs of ▁abc are ▁a(−4) ab(−1) bc(−3); then ▁ab(−2) before abc(−5).
    expect(tokenizer.encode("abc")).toEqual([1, FIRST + 8, FIRST + 3])
    expect(tokenizer.encode("aé")).toEqual([1, FIRST + 5, 3 + 0xc3, 3 + 0xa9])
    expect(tokenizer.decode(tokenizer.encode("abc aé"), { skipSpecialTokens: true })).toBe("abc aé")
    expect(tokenizer.roles).toEqual({ bos: "<s>", eos: "</s>", unk: "<unk>" })
  })

  it("may begin without a space and without a mark, and end with one", () => {
    const bare = tokenizerFromGguf(sentencePiece({ add_space_prefix: flag(false), add_bos_token: flag(false) }))
    expect(bare.encode("abc")).toEqual([FIRST + 7])
    expect(bare.decode(bare.encode(" a b"))).toBe(" a b")
    const ended = tokenizerFromGguf(sentencePiece({ add_eos_token: flag(true) }))
    expect(ended.encode("a")).toEqual([1, FIRST + 5, 2])
  })

  it("come back as they were written", () => {
    const chat = { chat_template: text("{{ messages }}") }
    const all: Keys[] = [{}, { add_space_prefix: flag(false) }, { add_bos_token: flag(false), ...chat }]
    for (const changes of all) {
      const tokenizer = tokenizerFromGguf(sentencePiece(changes))
      const { values, notices } = ggufTokenizer(tokenizer, tokenizer.vocabularySize + 5)
      expect(notices).toEqual([])
      const again = tokenizerFromGguf(new GgufMetadata(values, "again.gguf"))
      expect(again.vocabularySize).toBe(tokenizer.vocabularySize + 5)
      expect(again.idToToken(FIRST + 9 + 2)).toBe(`[PAD${FIRST + 9 + 2}]`)
      expect((again.toJson().model as { merges: unknown }).merges).toEqual(
        (tokenizer.toJson().model as { merges: unknown }).merges,
      )
      expect(again.encode(TEXT)).toEqual(tokenizer.encode(TEXT))
      expect(again.roles).toEqual(tokenizer.roles)
      expect(again.chatTemplate).toBe(tokenizer.chatTemplate)
    }
  })

  it("tell when merges are not those that scores imply", () => {
    const json = tokenizerFromGguf(sentencePiece()).toJson() as { model: { merges: string[] } }
    const fewer = { ...json, model: { ...json.model, merges: json.model.merges.filter((merge) => merge !== "▁a b") } }
    expect(ggufTokenizer(Tokenizer.fromJson(fewer)).notices).toHaveLength(1)
  })
})

describe("byte-level vocabularies", () => {
  it.each(Object.keys(SPLIT_PATTERNS) as SplitPatternName[])(
    "come back as they were written, cut as %s",
    async (name) => {
      const tokenizer = await trainBpe([TEXT, `${TEXT} they'll sail`], { vocabularySize: 300, splitPattern: name })
      const { values } = ggufTokenizer(tokenizer)
      const again = tokenizerFromGguf(new GgufMetadata(values, "again.gguf"))
      expect(again.encode(TEXT)).toEqual(tokenizer.encode(TEXT))
      expect(again.decode(again.encode(TEXT))).toBe(tokenizer.decode(tokenizer.encode(TEXT)))
      expect(again.roles).toEqual(tokenizer.roles)
      expect(again.addedTokens.filter(({ special }) => special)).toHaveLength(
        tokenizer.addedTokens.filter(({ special }) => special).length,
      )
      expect(again.encode("<|bos|>", { parseSpecialTokens: true })).toEqual(
        tokenizer.encode("<|bos|>", { parseSpecialTokens: true }),
      )
      const pre = values.get("tokenizer.ggml.pre")?.value
      expect(pre).toBe({ gpt2: "gpt-2", cl100k: "dbrx", llama3: "dbrx", o200k: "gpt-4o" }[name])
    },
  )

  const small = (changes: Keys = {}) =>
    metadataOf({
      model: text("gpt2"),
      pre: text("gpt-2"),
      tokens: texts(["a", "b", "ab", "Ġ", "1", "2", "12", "<|end|>", "<tool>"]),
      token_type: kinds([1, 1, 1, 1, 1, 1, 1, 3, 4]),
      merges: texts(["a b", "1 2"]),
      eos_token_id: id(7),
      ...changes,
    })

  it("cut as the file says", () => {
    expect(tokenizerFromGguf(small()).encode("ab12")).toEqual([2, 6])
    expect(tokenizerFromGguf(small({ pre: text("smollm") })).encode("ab12")).toEqual([2, 4, 5])
    expect(tokenizerFromGguf(small({ pre: text("qwen2") })).encode("ab12")).toEqual([2, 4, 5])
    const userDefined = tokenizerFromGguf(small())
    expect(userDefined.encode("ab<tool>b<|end|>")).toEqual([2, 8, 1])
    expect(userDefined.encode("ab<|end|>", { parseSpecialTokens: true })).toEqual([2, 7])
    expect(tokenizerFromGguf(small({ add_eos_token: flag(true) })).encode("a")).toEqual([0, 7])
  })

  it.each<[string, Keys, RegExp]>([
    ["of an unknown kind", { model: text("rwkv") }, /tokenizer.ggml.model: wanted llama or gpt2; came "rwkv"/],
    ["cut in an unknown way", { pre: text("klingon") }, /tokenizer.ggml.pre: wanted a way to cut text.*"klingon"/],
    ["without tokens", { tokens: texts([]) }, /tokenizer.ggml.tokens: wanted a vocabulary; came none/],
    [
      "with a token twice",
      { tokens: texts(["a", "b", "ab", "a", "1", "2", "12", "x", "y"]) },
      /tokens\[3\].*"a", as id 0/,
    ],
    ["with an empty token", { tokens: texts(["", "b", "ab", "a", "1", "2", "12", "x", "y"]) }, /tokens\[0\]/],
    ["with too few kinds", { token_type: kinds([1]) }, /wanted one for each of the 9 tokens; came 1/],
    ["with a kind that is none", { token_type: kinds([1, 1, 1, 1, 1, 1, 1, 3, 9]) }, /token_type\[8\].*came 9/],
    ["with a merge of strangers", { merges: texts(["a z"]) }, /merges\[0\]: wanted tokens of the vocabulary/],
    ["with an end beyond it", { eos_token_id: id(9) }, /eos_token_id: wanted an id below 9; came 9/],
    ["with merges of another kind", { merges: floats([1]) }, /wanted a list of texts; came a list of float32/],
  ])("are refused %s", (_, changes, message) => {
    expect(() => tokenizerFromGguf(small(changes))).toThrow(message)
  })

  it("are refused on the way out where GGUF has no words for them", async () => {
    const tokenizer = await trainBpe([TEXT], { vocabularySize: 300, splitPattern: "\\w+|\\W+" })
    expect(() => ggufTokenizer(tokenizer)).toThrow(/pre_tokenizer: wanted cuts that GGUF has a name for/)
    const json = tokenizer.toJson() as unknown as Record<string, unknown>
    const normalized = Tokenizer.fromJson({ ...json, normalizer: { type: "NFKC" } })
    expect(() => ggufTokenizer(normalized)).toThrow(/normalizer: wanted none/)
  })
})

it("a SentencePiece vocabulary without scores is refused", () => {
  expect(() => tokenizerFromGguf(sentencePiece({ scores: floats([1]) }))).toThrow(
    /scores: wanted one for each of the 268/,
  )
  expect(() => tokenizerFromGguf(sentencePiece({ scores: texts(["x"]) }))).toThrow(/wanted a list of numbers/)
})
