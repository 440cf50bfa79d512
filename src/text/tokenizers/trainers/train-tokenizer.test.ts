/** Training as a whole: the same tokenizer every time, text that comes back, and clear refusals. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { compilePattern, SPLIT_PATTERNS } from "../pattern.ts"
import { Tokenizer } from "../tokenizer.ts"
import {
  TRAINING_ALGORITHMS,
  type TrainTokenizerOptions,
  trainBpe,
  trainTokenizer,
  trainTokenizerJson,
} from "./index.ts"
import { patternOverMarks, WORD_PATTERN } from "./splitting.ts"

const TEXTS = Array.from({ length: 40 }, (_, index) => `the ${index} whales swam; the whalers' boats followed them\n`)

/** Texts of many words, each of one to four syllables, short ones frequent. */
const SYLLABLES = ["wha", "le", "sai", "lor", "ing", "ship", "ra", "to", "mast", "en", "der", "oc"]
const VARIED = Array.from({ length: 600 }, (_, index) =>
  Array.from({ length: 1 + (index % 4) }, (_, place) => SYLLABLES[(index * (7 + place) + place ** 2) % 12]).join(""),
).map((word, index) => `${word} ${SYLLABLES[index % 5]} `)

const trainedJson = async (texts: Iterable<string | Uint8Array>, options: TrainTokenizerOptions) =>
  JSON.stringify((await trainTokenizerJson(texts, options)).json)

interface UnigramJson {
  readonly vocab: [piece: string, logProbability: number][]
  readonly unk_id: number
  readonly byte_fallback: boolean
}

/** The likeliest pieces of a text whose spaces are marks: Viterbi, with no thought for speed. */
function likeliestPieces({ vocab }: UnigramJson, text: string): string[] {
  const scores = new Map(vocab)
  const best: { score: number; pieces: string[] }[] = [{ score: 0, pieces: [] }]
  const characters = [...text]
  for (let end = 1; end <= characters.length; end++) {
    best[end] = { score: Number.NEGATIVE_INFINITY, pieces: [] }
    for (let begin = 0; begin < end; begin++) {
      const piece = characters.slice(begin, end).join("")
      const score = best[begin].score + (scores.get(piece) ?? (end - begin === 1 ? -1e6 : Number.NEGATIVE_INFINITY))
      if (score > best[end].score) best[end] = { score, pieces: [...best[begin].pieces, piece] }
    }
  }
  return best[characters.length].pieces
}

describe("every algorithm", () => {
  test.each(TRAINING_ALGORITHMS)("%s: the order of documents and their form do not matter", async (algorithm) => {
    const options: TrainTokenizerOptions = { algorithm, vocabularySize: 420 }
    const first = await trainedJson(TEXTS, options)
    expect(await trainedJson(TEXTS.toReversed(), options)).toBe(first)
    const bytes = TEXTS.map((text) => Buffer.from(text))
    expect(await trainedJson(bytes, options)).toBe(first)
    async function* stream() {
      yield* TEXTS
    }
    expect(JSON.stringify((await trainTokenizerJson(stream(), options)).json)).toBe(first)
  })

  test.each(TRAINING_ALGORITHMS)("%s: special tokens come first, then reserved ones", async (algorithm) => {
    const specialTokens = ["<unk>", "<s>", "</s>"]
    const options: TrainTokenizerOptions = { algorithm, vocabularySize: 460, specialTokens, reservedTokens: 2 }
    const { json, roles } = await trainTokenizerJson(TEXTS, options)
    const contents = [...specialTokens, "<|reserved_0|>", "<|reserved_1|>"]
    expect(json.added_tokens.map(({ content }) => content)).toEqual(contents)
    expect(json.added_tokens.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4])
    expect(roles).toEqual({ bos: "<s>", eos: "</s>", unk: "<unk>" })
  })

  test.each(TRAINING_ALGORITHMS)("%s: tells how far it is", async (algorithm) => {
    const seen: { stage: string; done: number; total: number | undefined }[] = []
    await trainTokenizerJson(TEXTS, { algorithm, vocabularySize: 420, onProgress: (progress) => seen.push(progress) })
    expect(seen[0]).toEqual({ stage: "count", done: 40, total: undefined })
    if (algorithm === "unigram") expect(seen.at(-1)).toMatchObject({ stage: "prune", done: seen.at(-1)?.total })
  })

  test("a sample is drawn by seed and number", async () => {
    const options = { algorithm: "bpe", vocabularySize: 400, sampleFraction: 0.5 } as const
    const summaries: number[] = []
    const train = (seed: number) =>
      trainedJson(VARIED, { ...options, seed, onCounted: ({ documents }) => summaries.push(documents) })
    expect(await train(1)).toBe(await train(1))
    expect(await train(2)).not.toBe(await train(1))
    for (const documents of summaries) expect(documents).toBeGreaterThan(200)
    for (const documents of summaries) expect(documents).toBeLessThan(400)
  })

  test("digits are cut off where that is asked for", async () => {
    const texts = ["in 1851 and 1851 and 1851 again"]
    for (const splitDigits of [false, true]) {
      const tokenizer = await trainBpe(texts, { vocabularySize: 400, splitDigits, splitPattern: "gpt2" })
      expect(tokenizer.tokenToId("1851") !== undefined || tokenizer.tokenToId("Ġ1851") !== undefined).toBe(!splitDigits)
    }
  })
})

describe("bpe", () => {
  test("reaches the size asked for, or stops when no pair is met often enough", async () => {
    expect((await trainBpe(TEXTS, { vocabularySize: 300 })).vocabularySize).toBe(300)
    expect((await trainBpe(["ab"], { vocabularySize: 1000 })).vocabularySize).toBe(20 + 256)
    expect((await trainBpe(["ab"], { vocabularySize: 1000, minimumFrequency: 1 })).vocabularySize).toBe(20 + 257)
  })

  test("a merge is never spelled like a special token", async () => {
    const tokenizer = await trainBpe(["the the the the"], {
      vocabularySize: 300,
      specialTokens: ["the"],
      splitPattern: "\\w+",
    })
    expect(tokenizer.encode("the", { parseSpecialTokens: false })).not.toContain(0)
    expect(tokenizer.decode(tokenizer.encode("the"))).toBe("the")
  })

  test("the normalizer asked for is applied before counting, and written down", async () => {
    const tokenizer = await trainBpe(["e\u0301 e\u0301 e\u0301"], { vocabularySize: 300, normalizer: "nfc" })
    expect(tokenizer.decode(tokenizer.encode("e\u0301"), { skipSpecialTokens: true })).toBe("\u00e9")
    expect(tokenizer.tokenToId("Ã©")).toBeDefined()
  })
})

describe("bpe-byte-fallback", () => {
  const options = { algorithm: "bpe-byte-fallback", vocabularySize: 400, requiredCharacters: "" } as const

  test("gives any text and any bytes back", async () => {
    const tokenizer = await trainTokenizer(TEXTS, options)
    const text = fc.string({ unit: fc.oneof(fc.constantFrom(" ", "\n", "t", "h", "e", "<0x0A>"), fc.string()) })
    fc.assert(
      fc.property(text, (plain) => {
        fc.pre(!plain.includes("▁") && !/\p{Cs}/u.test(plain))
        expect(tokenizer.decode(tokenizer.encode(plain), { skipSpecialTokens: true })).toBe(plain)
      }),
      { numRuns: 300 },
    )
    const bytes = Uint8Array.of(0xff, 0x74, 0x68, 0x65, 0xc3, 0x28)
    expect([...tokenizer.decodeBytes(tokenizer.encodeBytes(bytes), { skipSpecialTokens: true })]).toEqual([...bytes])
  })

  test("a character not covered has no token; a required one has", async () => {
    const texts = [...TEXTS, "é"]
    const coverage = { ...options, characterCoverage: 0.999 }
    expect((await trainTokenizer(texts, coverage)).tokenToId("é")).toBeUndefined()
    expect((await trainTokenizer(texts, { ...coverage, requiredCharacters: "éß" })).tokenToId("ß")).toBeDefined()
    const tokenizer = await trainTokenizer(texts, coverage)
    const tokens = tokenizer.encode("é", { addSpecialTokens: false }).map((id) => tokenizer.idToToken(id))
    expect(tokens).toEqual(["▁", "<0xC3>", "<0xA9>"])
  })

  test("ids are special tokens, bytes, pieces, characters", async () => {
    const tokenizer = await trainTokenizer(VARIED, { ...options, vocabularySize: 320, specialTokens: ["<s>"] })
    expect(tokenizer.idToToken(1)).toBe("<0x00>")
    expect(tokenizer.idToToken(256)).toBe("<0xFF>")
    expect([...(tokenizer.idToToken(257) as string)].length).toBeGreaterThan(1)
    expect([...(tokenizer.idToToken(319) as string)].length).toBe(1)
    expect(tokenizer.vocabularySize).toBe(320)
  })

  test("no piece is longer than asked for", async () => {
    const { json } = await trainTokenizerJson(TEXTS, { ...options, specialTokens: [], maximumPieceLength: 3 })
    const pieces = Object.keys((json.model as { vocab: object }).vocab).filter((piece) => !piece.startsWith("<0x"))
    expect(Math.max(...pieces.map((piece) => piece.length))).toBe(3)
  })
})

describe("unigram", () => {
  const options = { algorithm: "unigram", vocabularySize: 400, requiredCharacters: "" } as const
  const model = async (more: Partial<TrainTokenizerOptions> = {}) =>
    (await trainTokenizerJson([...TEXTS, ...VARIED], { ...options, ...more } as TrainTokenizerOptions)).json
      .model as UnigramJson

  test("has the size asked for, and probabilities that add up to 1", async () => {
    const { vocab, unk_id } = await model()
    expect(vocab).toHaveLength(400)
    expect(vocab[unk_id][0]).toBe("<|unk|>")
    // Characters that only special tokens hold come last, all with the same score below that of every learned piece.
    const scores = vocab.slice(21 + 256).map(([, score]) => score)
    const learned = scores.filter((score) => score > Math.min(...scores))
    expect(learned.reduce((sum, score) => sum + Math.exp(score), 0)).toBeCloseTo(1, 9)
  })

  test("the likeliest pieces of a known text are words", async () => {
    expect(likeliestPieces(await model(), "▁the▁whales▁swam")).toEqual(["▁the", "▁whales", "▁swam"])
  })

  test("special tokens and bytes written out in a text stay text", async () => {
    const unigram = await model()
    for (const text of ["<|bos|>", "<0x0A>", "<|unk|>"]) {
      expect(likeliestPieces(unigram, text)).not.toContain(text)
      expect(likeliestPieces(unigram, text).join("")).toBe(text)
    }
  })

  test("without byte fallback there are no bytes' tokens", async () => {
    const { vocab, byte_fallback } = await model({ byteFallback: false, vocabularySize: 100 } as never)
    expect(byte_fallback).toBe(false)
    expect(vocab.some(([piece]) => piece === "<0x00>")).toBe(false)
    expect(vocab).toHaveLength(100)
  })
})

describe("wordpiece", () => {
  const options = { algorithm: "wordpiece", vocabularySize: 200, requiredCharacters: "" } as const

  test("every covered character may begin a word or go on, and frequent words are whole", async () => {
    const { json } = await trainTokenizerJson(TEXTS, options)
    const { vocab, unk_token } = json.model as unknown as { vocab: Record<string, number>; unk_token: string }
    expect(unk_token).toBe("<|unk|>")
    for (const character of "whale'0") {
      expect(vocab).toHaveProperty(character)
      expect(vocab).toHaveProperty(`##${character}`)
    }
    expect(vocab).toHaveProperty("whales")
    const ids = Object.values(vocab).sort((left, right) => left - right)
    expect(ids).toEqual(ids.map((_, index) => index))
  })
})

describe("split patterns over marks", () => {
  test.each([...Object.values(SPLIT_PATTERNS), WORD_PATTERN, "[a c]+|\\ |[\\s!]"])("%s cuts the same", (source) => {
    const text = fc.string({ unit: fc.constantFrom(" ", " ", "a", "B", "'s", "é", "1", "!", "\n", "\t", "\u3000") })
    const plain = compilePattern(source, "test")
    const marked = compilePattern(patternOverMarks(source), "test")
    fc.assert(
      fc.property(text, (sample) => {
        const cuts = sample.match(plain) ?? []
        expect(sample.replaceAll(" ", "▁").match(marked) ?? []).toEqual(cuts.map((cut) => cut.replaceAll(" ", "▁")))
      }),
      { numRuns: 200 },
    )
  })
})

describe("refuses in one line", () => {
  const refusal = (options: TrainTokenizerOptions, texts: Iterable<string> = TEXTS) =>
    expect(trainTokenizerJson(texts, options)).rejects

  test("vocabularies smaller than what they must hold", async () => {
    const tooSmall = (wanted: string) => new RegExp(`wanted at least ${wanted}.*came 200.*TOKENIZER_TOO_SMALL`)
    await refusal({ algorithm: "bpe", vocabularySize: 200 }).toThrow(tooSmall("276 \\(20 special tokens and 256 bytes"))
    await refusal({ algorithm: "bpe-byte-fallback", vocabularySize: 200 }).toThrow(tooSmall("277"))
    await refusal({ algorithm: "unigram", vocabularySize: 200 }).toThrow(tooSmall("278"))
    await refusal({ algorithm: "wordpiece", vocabularySize: 200 }).toThrow(tooSmall("209.*characters at the start"))
    await refusal({ algorithm: "unigram", vocabularySize: 300 }).toThrow(/and \d+ characters\); came 300/)
  })

  test("options outside their range", async () => {
    const base = { algorithm: "unigram", vocabularySize: 500 } as const
    await refusal({ ...base, vocabularySize: 300.5 }).toThrow(/whole number.*300.5.*RECIPE_INVALID/)
    await refusal({ ...base, characterCoverage: 0 }).toThrow(/characterCoverage: wanted a number above 0 and at most 1/)
    await refusal({ ...base, shrinkingFactor: 1 }).toThrow(/shrinkingFactor: wanted a number above 0 and below 1/)
    await refusal({ ...base, threads: 0 }).toThrow(/threads: wanted a whole number of at least 1/)
    await refusal({ ...base, memoryLimit: 10 }).toThrow(/memoryLimit: wanted room/)
    await refusal({ ...base, algorithm: "bpe", minimumFrequency: 0 }).toThrow(/minimumFrequency.*at least 1/)
    await refusal({ ...base, algorithm: "unknown" } as never).toThrow(/algorithm: wanted one of bpe, .*wordpiece/)
    await refusal({ ...base, normalizer: "nfx" as never }).toThrow(/normalizer: wanted none, nfc/)
    await refusal({ ...base, normalizer: { type: "NFX" } }).toThrow(/TOKENIZER_INVALID/)
    await refusal({ ...base, splitPattern: "(" }).toThrow(/splitPattern.*TOKENIZER_INVALID/)
    await refusal({ ...base, splitPattern: "[^\\S ]" }).toThrow(/no \\S inside brackets/)
  })

  test("special tokens that would mean two things", async () => {
    const base = { algorithm: "bpe", vocabularySize: 500 } as const
    await refusal({ ...base, specialTokens: ["x", "<e>"] }).toThrow(/no byte is spelled/)
    await refusal({ ...base, specialTokens: ["<e>", "<e>"] }).toThrow(/each token once/)
    await refusal({ ...base, specialTokens: ["<e>"], roles: { bos: "<b>" } }).toThrow(
      /roles\.bos: wanted one of the special tokens/,
    )
    await refusal({ ...base, algorithm: "unigram", specialTokens: ["e"] }).toThrow(/no token of the alphabet.*"e"/)
    await refusal({ ...base, algorithm: "bpe-byte-fallback", specialTokens: ["<0x0A>"] }).toThrow(/"<0x0A>"/)
  })

  test("a corpus without text", async () => {
    for (const algorithm of TRAINING_ALGORITHMS) {
      await refusal({ algorithm, vocabularySize: 500 }, ["", ""]).toThrow(/CORPUS_EMPTY/)
    }
  })
})

test("what is saved is what was trained", async () => {
  const { json, roles } = await trainTokenizerJson(TEXTS, { algorithm: "bpe", vocabularySize: 300 })
  expect(Tokenizer.fromJson(json, { roles }).toJson()).toEqual(json)
})
