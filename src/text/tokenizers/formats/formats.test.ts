/** Tokenizers in other people's files, in and out. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  AutoTokenizer,
  mergesTextOf,
  type SentencePieceParts,
  sentencePieceFileOf,
  sentencePieceOf,
  type Tokenizer,
  tiktokenFileOf,
  tokenizerFromBpe,
  tokenizerFromMergesText,
  tokenizerFromSentencePiece,
  tokenizerFromSentencePieceFile,
  tokenizerFromTiktoken,
  tokenizerFromVocabularyText,
  trainBpe,
  vocabularyTextOf,
} from "../index.ts"

const TEXTS = ["the cat sat", "  the  hat's 12 é 😀\n", "", "▁the <s> cat"]
let folder: string
let trained: Tokenizer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-formats-"))
  trained = await trainBpe(["the cat sat on the mat; the cat sat"], { vocabularySize: 290, splitPattern: "gpt2" })
})
afterAll(() => rm(folder, { recursive: true }))

function expectSame(left: Tokenizer, right: Tokenizer, addSpecialTokens = true): void {
  for (const text of TEXTS)
    expect(right.encode(text, { addSpecialTokens })).toEqual(left.encode(text, { addSpecialTokens }))
}

const PIECES: SentencePieceParts["pieces"] = [
  { text: "<unk>", score: 0, type: "unknown" },
  { text: "<s>", score: 0, type: "control" },
  { text: "</s>", score: 0, type: "control" },
  ...["▁", "t", "h", "e", "a", "c", "s", "th", "▁th", "▁the", "at", "▁c", "▁cat"].map((text, index) => ({
    text,
    score: -1 - index / 8,
    type: "normal" as const,
  })),
  { text: "😀", score: 0, type: "userDefined" },
]

describe("SentencePiece", () => {
  const model = (kind: "unigram" | "bpe", more: Partial<SentencePieceParts> = {}) =>
    tokenizerFromSentencePiece({ kind, pieces: PIECES, ...more })

  test.each(["unigram", "bpe"] as const)(
    "%s: spaces begin words, extra ones go, control pieces are never text",
    (kind) => {
      const tokenizer = model(kind)
      const tokens = (text: string) => tokenizer.encode(text).map((id) => tokenizer.idToToken(id))
      expect(tokens("the cat")).toEqual(["▁the", "▁cat"])
      expect(tokens("  the   cat ")).toEqual(["▁the", "▁cat"])
      expect(tokens("<s>")).not.toContain("<s>")
      expect(tokens("the😀").at(-1)).toBe("😀")
      expect(tokenizer.decode(tokenizer.encode("the cat"))).toBe("the cat")
      expect(tokenizer.roles).toEqual({ unk: "<unk>", bos: "<s>", eos: "</s>" })
    },
  )
  test.each(["unigram", "bpe"] as const)("%s: written and read again, it is the same", (kind) => {
    for (const more of [{}, { addsDummyPrefix: false }, { removesExtraSpaces: false }]) {
      const tokenizer = model(kind, more)
      const again = tokenizerFromSentencePieceFile(sentencePieceFileOf(tokenizer))
      expectSame(tokenizer, again)
      expect(again.roles).toEqual(tokenizer.roles)
      expect(sentencePieceOf(again)).toEqual(sentencePieceOf(tokenizer))
    }
  })
  test("what is no model, or one that cannot be, is one clear error", () => {
    const file = sentencePieceFileOf(model("unigram"))
    for (const bytes of [new Uint8Array(0), new Uint8Array(Buffer.from("not a model")), file.subarray(0, 60)])
      expect(() => tokenizerFromSentencePieceFile(bytes)).toThrow("[TOKENIZER_INVALID]")
    expect(() => tokenizerFromSentencePiece({ kind: "word", pieces: PIECES })).toThrow(
      /model_type: wanted unigram or bpe/,
    )
    expect(() => tokenizerFromSentencePiece({ kind: "bpe", pieces: [...PIECES, PIECES[5]] })).toThrow(
      /piece 17: wanted each piece once; came "h", as piece 5/,
    )
    expect(() => sentencePieceFileOf(trained)).toThrow(/wanted normalizers and pre-tokenizers that SentencePiece has/)
  })
})

describe("tiktoken", () => {
  test("the merges are recovered, and the file comes back", () => {
    const special = Object.fromEntries(trained.addedTokens.map(({ content, id }) => [content, id]))
    const file = tiktokenFileOf(trained)
    const read = tokenizerFromTiktoken(file, { splitPattern: "gpt2", specialTokens: special })
    expectSame(trained, read, false)
    expect(tiktokenFileOf(read)).toBe(file)
  })
  test.each([
    ["!!", /line 1: wanted a token in base64 and its rank; came "!!"/],
    ["YQ== 0\nYQ== 1", /line 2: wanted each token once/],
    ["YQ== 0\nYWI= 1", /rank 1: wanted a token of two others with lower ranks; came "ab"/],
    ["", /wanted lines of tokens and ranks; came none/],
  ])("%j is one clear error", (file, text) => {
    expect(() => tokenizerFromTiktoken(file, { splitPattern: "gpt2" })).toThrow(text)
  })
  test("a file of no known vocabulary needs its pattern told", () => {
    expect(() => tokenizerFromTiktoken("YQ== 0")).toThrow(/wanted a split pattern/)
  })
})

describe("vocab.json with merges.txt", () => {
  test("both come back", () => {
    const { vocabulary, merges } = mergesTextOf(trained)
    const read = tokenizerFromMergesText(JSON.parse(vocabulary), merges)
    expectSame(trained, read, false)
    expect(mergesTextOf(read)).toEqual({ vocabulary, merges })
  })
  test("merges of unknown pieces and broken lines are one clear error", () => {
    expect(() => tokenizerFromMergesText({ a: 0 }, "a b")).toThrow(
      /merges\[0\]: wanted tokens of the vocabulary; came "b"/,
    )
    expect(() => tokenizerFromMergesText({ a: 0 }, "a b c")).toThrow(/merges line 1: wanted two tokens/)
    expect(() => tokenizerFromMergesText([], "")).toThrow(/wanted an object of tokens and ids/)
  })
})

describe("vocab.txt", () => {
  const file = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\ncat\n##s\nsat\n'\n12\n"
  test("is BERT's way of cutting", () => {
    const tokenizer = tokenizerFromVocabularyText(file)
    const { tokens, typeIds } = tokenizer.encodeFull(["The CATS", "sat!"])
    expect(tokens).toEqual(["[CLS]", "the", "cat", "##s", "[SEP]", "sat", "[UNK]", "[SEP]"])
    expect(typeIds).toEqual([0, 0, 0, 0, 0, 1, 1, 1])
    expect(vocabularyTextOf(tokenizer)).toBe(file)
  })
  test("a token twice, or no special ones, is one clear error", () => {
    expect(() => tokenizerFromVocabularyText(`${file}the\n`)).toThrow(/line 11: wanted each token once.*on line 5/)
    expect(() => tokenizerFromVocabularyText("a\nb\n")).toThrow(/wanted BERT's special token \[UNK\]/)
  })
})

test("tokens and merges of no file make a tokenizer", () => {
  const tokenizer = tokenizerFromBpe({
    tokens: ["a", "b", "ab", "<end>"],
    merges: [["a", "b"]],
    splitPattern: "o200k",
    specialTokens: [{ id: 3, content: "<end>" }],
  })
  expect(tokenizer.encode("abb<end>", { parseSpecialTokens: true })).toEqual([2, 1, 3])
  expect(() => tokenizerFromBpe({ tokens: ["a", "a"], merges: [], splitPattern: "gpt2" })).toThrow(/each token once/)
})

describe("fromPretrained", () => {
  test("takes a folder or a file of any kind", async () => {
    const { vocabulary, merges } = mergesTextOf(trained)
    const unigram = tokenizerFromSentencePiece({ kind: "unigram", pieces: PIECES })
    await writeFile(join(folder, "vocab.json"), vocabulary)
    await writeFile(join(folder, "merges.txt"), merges)
    await writeFile(join(folder, "small.model"), sentencePieceFileOf(unigram))
    await writeFile(join(folder, "any-name.json"), JSON.stringify(trained.toJson()))
    await writeFile(join(folder, "bert.txt"), "[UNK]\n[CLS]\n[SEP]\nthe\n")
    expectSame(trained, await AutoTokenizer.fromPretrained(folder), false)
    expectSame(trained, await AutoTokenizer.fromPretrained(join(folder, "merges.txt")), false)
    expectSame(unigram, await AutoTokenizer.fromPretrained(join(folder, "small.model")))
    expectSame(trained, await AutoTokenizer.fromPretrained(join(folder, "any-name.json")))
    expect((await AutoTokenizer.fromPretrained(join(folder, "bert.txt"))).encode("the")).toEqual([1, 3, 2])
    await expect(AutoTokenizer.fromPretrained(join(folder, "no.model"))).rejects.toThrow("[FILE_UNREADABLE]")
  })
  test("special_tokens_map.json names the roles where no configuration does", async () => {
    await writeFile(join(folder, "tokenizer.json"), JSON.stringify(trained.toJson()))
    await writeFile(join(folder, "special_tokens_map.json"), JSON.stringify({ eos_token: { content: "<|end|>" } }))
    expect((await AutoTokenizer.fromPretrained(folder)).roles).toEqual({ eos: "<|end|>" })
  })
})
