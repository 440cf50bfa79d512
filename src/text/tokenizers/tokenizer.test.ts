/** The tokenizer as its users meet it: lossless, streaming, safe with special tokens, readable and writable. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { AutoTokenizer, DEFAULT_SPECIAL_TOKENS, Tokenizer, trainBpe } from "./index.ts"

const TEXT = [
  "Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my purse,",
  "I thought I would sail about a little and see the watery part of the world. It's 1851; it's fine.\n\n",
  "function sail(ship: string) {\n\treturn ship + '!'   // naïve café 日本語 👩‍🚀\r\n}\n",
]
/** Hard for cutting and for UTF-8. */
const VARIED = [
  "",
  " ",
  "e\u0301\u0308 \u200b\u200d\ufeff\u0085\u00a0\u2028",
  "👨‍👩‍👧‍👦🏳️‍🌈 👍🏽",
  "\u0000\u0001\u007f",
  "'S 'ſ I'LL'd",
  "\n \n\n  \t x\r\n",
  " ".repeat(500),
  "ab".repeat(300),
]

/** Any character. fast-check's own `binary` unit takes seconds to build its tables. */
const character = fc
  .oneof(fc.nat(0x7f), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code))

let tokenizers: Tokenizer[]
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-tokenizer-"))
  tokenizers = await Promise.all(
    ["gpt2", "cl100k", "o200k", "[a-z]+"].map((splitPattern) => trainBpe(TEXT, { vocabularySize: 360, splitPattern })),
  )
})

afterAll(() => rm(folder, { recursive: true }))

describe("lossless", () => {
  test("any bytes come back, whatever the split pattern", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      fc.string({ unit: character, maxLength: 24 }).map((text) => new TextEncoder().encode(text)),
      fc.constantFrom(...TEXT, ...VARIED).map((text) => new TextEncoder().encode(text)),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), fc.constantFrom(0, 1, 2, 3), (pieces, which) => {
        const bytes = Uint8Array.from(pieces.flatMap((part) => [...part]))
        const ids = tokenizers[which].encodeBytes(bytes, { addSpecialTokens: false })
        expect(Buffer.compare(tokenizers[which].decodeBytes(ids), bytes)).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  test("the bytes of the tokens are the bytes of the text", () => {
    const [tokenizer] = tokenizers
    const ids = tokenizer.encode(TEXT.join(""), { addSpecialTokens: false })
    const length = ids.reduce((sum, id) => sum + tokenizer.tokenBytes(id).length, 0)
    expect(length).toBe(Buffer.byteLength(TEXT.join("")))
  })

  test("text and its UTF-8 bytes have the same ids; a lone surrogate counts as U+FFFD", () => {
    for (const text of [...TEXT, ...VARIED]) {
      expect(tokenizers[1].encodeBytes(new TextEncoder().encode(text))).toEqual(tokenizers[1].encode(text))
    }
    expect(tokenizers[1].encode("a\udc80b\ud800")).toEqual(tokenizers[1].encode("a\ufffdb\ufffd"))
  })

  test("a run of 100,000 letters or spaces takes no more than n log n", () => {
    const started = process.cpuUsage()
    for (const run of [" ", "a", "ab", "\n", "é"]) {
      const text = run.repeat(100_000)
      expect(tokenizers[1].decode(tokenizers[1].encode(text, { addSpecialTokens: false }))).toBe(text)
    }
    // A quadratic loop takes minutes here.
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(5000)
  })
})

describe("streaming", () => {
  test("pieces joined are the whole, and none ends in half a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 40 }), (text) => {
        const stream = tokenizers[1].decodeStream()
        const parts = tokenizers[1].encode(text, { addSpecialTokens: false }).map((id) => stream.push(id))
        for (const part of parts) expect(part).not.toMatch(/\p{Cs}/u)
        expect(parts.join("") + stream.end()).toBe(text)
      }),
    )
  })

  test("any ids stream to what they decode to", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizers[0].vocabularySize - 1), { maxLength: 60 }), (ids) => {
        const stream = tokenizers[0].decodeStream()
        const streamed = ids.map((id) => stream.push(id)).join("") + stream.end()
        expect(streamed).toBe(tokenizers[0].decode(ids))
      }),
    )
  })
})

describe("special tokens", () => {
  test("have the first ids, and begin a text unless told not to", () => {
    const [tokenizer] = tokenizers
    expect(DEFAULT_SPECIAL_TOKENS.map((token) => tokenizer.tokenToId(token))).toEqual(
      DEFAULT_SPECIAL_TOKENS.map((_, index) => index),
    )
    expect(tokenizer.encode("a")).toEqual([tokenizer.bosId, ...tokenizer.encode("a", { addSpecialTokens: false })])
    expect(tokenizer.isSpecial(0)).toBe(true)
    expect(tokenizer.isSpecial(DEFAULT_SPECIAL_TOKENS.length)).toBe(false)
  })

  test("typed by a user stay text unless parsing is asked for", () => {
    const text = "a<|end|>b"
    const typed = tokenizers[1].encode(text, { addSpecialTokens: false })
    expect(typed.some((id) => tokenizers[1].isSpecial(id))).toBe(false)
    const parsed = tokenizers[1].encode(text, { addSpecialTokens: false, parseSpecialTokens: true })
    expect(parsed).toContain(tokenizers[1].tokenToId("<|end|>"))
    expect(tokenizers[1].decode(parsed)).toBe(text)
    expect(tokenizers[1].decode(parsed, { skipSpecialTokens: true })).toBe("ab")
  })

  test("an id outside the vocabulary is one clear error", () => {
    expect(() => tokenizers[0].decode([99_999])).toThrow(
      /decode: wanted ids of the vocabulary.*came 99999.*TOKEN_UNKNOWN/,
    )
  })
})

describe("folders", () => {
  test("a saved tokenizer is the same when loaded, and no temporary file is left", async () => {
    for (const [index, tokenizer] of tokenizers.entries()) {
      const place = join(folder, `saved-${index}`)
      await tokenizer.save(place)
      const loaded = await AutoTokenizer.fromPretrained(place)
      expect(loaded.toJson()).toEqual(tokenizer.toJson())
      expect(loaded.roles).toEqual(tokenizer.roles)
      for (const text of [...TEXT, ...VARIED]) expect(loaded.encode(text)).toEqual(tokenizer.encode(text))
      expect((await readdir(place)).sort()).toEqual([
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
      ])
      const config = JSON.parse(await readFile(join(place, "tokenizer_config.json"), "utf8"))
      expect(config).toMatchObject({ bos_token: "<|bos|>", eos_token: "<|eos|>", pad_token: "<|pad|>" })
    }
  })

  test("unknown keys of tokenizer_config.json and the chat template survive", async () => {
    const place = join(folder, "kept")
    await tokenizers[0].save(place)
    const config = { bos_token: { content: "<|bos|>", lstrip: false }, model_max_length: 77, chat_template: "{{ x }}" }
    await writeFile(join(place, "tokenizer_config.json"), JSON.stringify(config))
    const loaded = await AutoTokenizer.fromPretrained(place)
    expect(loaded.chatTemplate).toBe("{{ x }}")
    expect(loaded.bosId).toBe(0)
    await loaded.save(join(folder, "again"))
    const again = await AutoTokenizer.fromPretrained(join(folder, "again"))
    expect(again.config).toMatchObject({ model_max_length: 77 })
    expect(again.chatTemplate).toBe("{{ x }}")
  })

  test("what is missing or damaged is said in one line", async () => {
    await expect(AutoTokenizer.fromPretrained(join(folder, "nowhere"))).rejects.toThrow(
      /no such folder.*FILE_UNREADABLE/,
    )
    await writeFile(join(folder, "tokenizer.json"), '{"version": "1.0", ')
    await expect(AutoTokenizer.fromPretrained(folder)).rejects.toThrow(
      /tokenizer\.json: wanted JSON.*TOKENIZER_INVALID/,
    )
    await writeFile(join(folder, "file"), "")
    await expect(tokenizers[0].save(join(folder, "file"))).rejects.toThrow(/FILE_UNWRITABLE/)
  })
})

describe("damaged and contradictory files", () => {
  type Json = ReturnType<typeof tiny>
  const tiny = () => ({
    version: "1.0" as unknown,
    added_tokens: [{ id: 3, content: "<s>", special: true }],
    normalizer: null as unknown,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false } as unknown,
    post_processor: null as unknown,
    decoder: { type: "ByteLevel" } as unknown,
    model: {
      type: "BPE",
      vocab: { a: 0, b: 1, ab: 2 } as Record<string, unknown>,
      merges: ["a b"] as unknown[],
    } as Record<string, unknown> & { vocab: Record<string, unknown>; merges: unknown[] },
  })
  const damages: [name: string, damage: (json: Json) => void, text: RegExp][] = [
    ["version", (json) => (json.version = "9"), /file\.version: wanted "1.0"; came "9"/],
    [
      "merge of an unknown piece",
      (json) => json.model.merges.push("b c"),
      /model\.merges\[1\]: wanted tokens.*"c", which has no id/,
    ],
    ["merge to an unknown piece", (json) => json.model.merges.push("ab a"), /"aba", which has no id/],
    ["merge of three", (json) => json.model.merges.push("a b c"), /merges\[1\]: wanted two tokens/],
    ["merge of a number", (json) => json.model.merges.push(7), /merges\[1\]: wanted two tokens.*came 7/],
    [
      "duplicate id",
      (json) => (json.model.vocab["c"] = 1),
      /vocab\["c"\]: wanted an id of its own; came id 1, which "b" has/,
    ],
    ["negative id", (json) => (json.model.vocab["c"] = -1), /vocab\["c"\]: wanted a whole id/],
    ["huge id", (json) => (json.model.vocab["c"] = 2 ** 31), /vocab\["c"\]: wanted a whole id below/],
    [
      "added id in use",
      (json) => (json.added_tokens[0].id = 1),
      /added_tokens\[0\]: wanted an id of its own; came id 1/,
    ],
    ["added id differs", (json) => (json.added_tokens[0].content = "a"), /wanted id 0 for "a"/],
    ["added huge id", (json) => (json.added_tokens[0].id = 2 ** 31), /added_tokens\[0\]\.id: wanted an id below/],
    ["added twice", (json) => json.added_tokens.push({ ...json.added_tokens[0], id: 4 }), /"<s>" again/],
    [
      "model type",
      (json) => (json.model["type"] = "BPF"),
      /model\.type: wanted one of BPE, Unigram, WordLevel, WordPiece; came "BPF" \(nearest: BPE\)/,
    ],
    ["no model", (json) => delete (json as Partial<Json>).model, /file\.model: wanted an object; came nothing/],
    [
      "pre-tokenizer",
      (json) => (json.pre_tokenizer = { type: "Bytes" }),
      /pre_tokenizer\.type: wanted one of BertPreTokenizer, ByteLevel/,
    ],
    [
      "broken pattern",
      (json) => (json.pre_tokenizer = { type: "Split", pattern: { Regex: "(" }, behavior: "Isolated" }),
      /pre_tokenizer\.pattern: wanted a regular expression/,
    ],
    ["unknown token", (json) => (json.model["unk_token"] = "?"), /unk_token: wanted a token of the vocabulary/],
    ["empty", (json) => (json.model.vocab = {}), /has no id|at least one token/],
  ]

  test("the undamaged file loads", () => {
    expect(Tokenizer.fromJson(tiny()).encode("abba")).toEqual([2, 1, 0])
  })

  test.each(damages)("%s", (_, damage, text) => {
    const json = tiny()
    damage(json)
    expect(() => Tokenizer.fromJson(json)).toThrow(text)
    expect(() => Tokenizer.fromJson(json)).toThrow("[TOKENIZER_INVALID]")
  })

  test("any JSON gives a tokenizer or TOKENIZER_INVALID", () => {
    const paths = ["version", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"]
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        try {
          Tokenizer.fromJson({ ...tiny(), [path]: value })
        } catch (error) {
          expect(error).toMatchObject({ code: "TOKENIZER_INVALID" })
        }
      }),
      { numRuns: 500 },
    )
  })
})
