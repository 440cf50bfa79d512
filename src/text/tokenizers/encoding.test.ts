/** Encodings as their users meet them: places, pairs, lengths, batches over threads, and cuts by chance. */
import { Worker } from "node:worker_threads"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { sharesOf } from "./batch/batch-encoder.ts"
import { type EncodeInput, IdBuffer, Tokenizer, trainBpe } from "./index.ts"

const TEXT = "Call me Ishmael. It's 1851; naïve café 日本語 👩‍🚀, and the sea."
const UNIGRAM = {
  version: "1.0",
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ["<unk>", 0],
      ["a", -2],
      ["b", -2],
      ["ab", -3],
      ["aba", -5],
      ["c", -3],
    ],
  },
}

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await trainBpe([TEXT], { vocabularySize: 330 })
})

describe("places", () => {
  const slices = (text: string) => tokenizer.encodeFull(text, { addSpecialTokens: false, offsetUnit: "utf16" }).offsets
  test("tokens cover the text in order", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-composite", maxLength: 20 }), (text) => {
        let covered = 0
        for (const [start, end] of slices(text)) {
          expect(start <= covered && end >= covered).toBe(true)
          covered = Math.max(covered, end)
        }
        expect(covered).toBe(text.length)
      }),
      { numRuns: 60 },
    )
  })
  test("count bytes, characters or UTF-16 indices", () => {
    const last = (offsetUnit: "bytes" | "characters" | "utf16") =>
      tokenizer.encodeFull("é👩b", { offsetUnit, addSpecialTokens: false }).offsets.at(-1)
    expect([last("bytes"), last("characters"), last("utf16")]).toEqual([
      [6, 7],
      [2, 3],
      [3, 4],
    ])
  })
  test("of bytes that are no text, each is one byte", () => {
    const { offsets } = tokenizer.encodeFull(Uint8Array.of(0x61, 0xff, 0xfe, 0x62), { addSpecialTokens: false })
    expect(offsets).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ])
  })
})

describe("lengths", () => {
  test("a longer text is cut, and what is left over is kept with the overlap asked for", () => {
    const whole = tokenizer.encodeFull(TEXT, { addSpecialTokens: false })
    const { ids, overflowing } = tokenizer.encodeFull(TEXT, {
      addSpecialTokens: false,
      truncation: { maxLength: 10, stride: 4 },
    })
    expect(ids).toEqual(whole.ids.slice(0, 10))
    expect(overflowing[0].ids).toEqual(whole.ids.slice(6, 16))
    expect([...ids, ...overflowing.flatMap((rest) => rest.ids.slice(4))]).toEqual(whole.ids)
  })
  test("padding fills to the longest or to a multiple, on the side asked for", async () => {
    const [short, long] = await tokenizer.encodeFullBatch(["a", "a b c"], { padding: { direction: "left" } })
    expect(short.ids.length).toBe(long.ids.length)
    expect(short.attentionMask[0]).toBe(0)
    expect(short.ids[0]).toBe(tokenizer.padId)
    expect(tokenizer.encodeFull("a", { padding: { multipleOf: 16 } }).ids.length).toBe(16)
  })
  test.each([
    [{ truncation: { maxLength: 0 } }, /truncation\.maxLength/],
    [{ truncation: { maxLength: 4, stride: 4 } }, /truncation\.stride/],
    [{ truncation: { maxLength: 4, strategy: "onlySecond" } }, /truncation\.strategy/],
    [{ padding: { length: 1.5 } }, /padding\.length/],
    [{ sampling: { seed: 0.5 } }, /sampling\.seed/],
    [{ sampling: { seed: 1, dropout: 2 } }, /sampling\.dropout/],
    [{ sampling: { seed: 1, alpha: 0 } }, /sampling\.alpha/],
  ] as const)("%j is one clear error", (options, text) => {
    expect(() => tokenizer.encodeFull(TEXT, options)).toThrow(text)
    expect(() => tokenizer.encodeFull(TEXT, options)).toThrow("[TOKENIZER_OPTION_INVALID]")
  })
})

test("a lone surrogate means a byte in bytes and U+FFFD in a text, whichever was met first", () => {
  const bytes = Uint8Array.of(0x61, 0xfe, 0x62)
  const text = "a\udcfeb"
  for (let round = 0; round < 2; round++) {
    expect(tokenizer.decodeBytes(tokenizer.encodeBytes(bytes, { addSpecialTokens: false }))).toEqual(bytes)
    expect(tokenizer.encode(text)).toEqual(tokenizer.encode("a\ufffdb"))
  }
})

test("ids appended to a buffer are those of the lists", () => {
  const ids = new IdBuffer()
  for (const text of [TEXT, "", "\ud800"]) tokenizer.encodeInto(text, ids)
  expect(ids.toList()).toEqual([TEXT, "", "\ud800"].flatMap((text) => tokenizer.encode(text)))
})

test("ids taken out of a buffer stay what they were, and hold little memory beside", () => {
  for (const count of [10, 60, 64]) {
    const list = Array.from({ length: count }, (_, index) => index)
    const ids = new IdBuffer()
    ids.pushAll(list)
    const taken = ids.release()
    expect(ids.length).toBe(0)
    ids.pushAll([...list, 7].reverse())
    expect([...taken]).toEqual(list)
    expect(taken.buffer.byteLength).toBeLessThanOrEqual((4 * count * 8) / 7)
  }
})

describe("batches", () => {
  const inputs = Array.from({ length: 40 }, (_, index) => `${TEXT} ${index}`)
  afterAll(() => tokenizer.closeThreads())

  test("are handed out in shares that follow one another", () => {
    const shares = sharesOf<EncodeInput>(["aaaa", "b", ["cc", "dd"], "e", "f"], 4)
    expect(shares.map(({ first }) => first)).toEqual([0, 1, 3])
    expect(shares.flatMap((share) => share.inputs)).toEqual(["aaaa", "b", ["cc", "dd"], "e", "f"])
  })

  test("threads give what one thread gives", async () => {
    const worker = new URL("./batch/batch-worker.ts", import.meta.url).href
    tokenizer.startThreadsWith(
      (workerData) =>
        new Worker(
          `import("tsx/esm/api").then(({ register }) => { register(); return import(${JSON.stringify(worker)}) })`,
          { eval: true, workerData },
        ),
    )
    await tokenizer.openThreads(2)
    const hard = [...inputs, "", "\ud800 and \udc80", "日本語👩‍🚀", ...inputs.map((text) => text.repeat(40))]
    const mixed = [...hard, Uint8Array.of(0x61, 0xff, 0xfe), Uint8Array.of()]
    // Several chapters, one of them a single text.
    const large = [...hard.slice(0, 50), TEXT.repeat(3e4), ...Array.from({ length: 400 }, () => TEXT.repeat(50))]
    // More ids than units, of which chapters have no room.
    const wide = Array.from({ length: 120 }, (_, index) => `${"日本語".repeat(400)}${index}`)
    for (const texts of [hard, mixed, large, wide])
      for (const addSpecialTokens of [true, false]) {
        const lists = texts.map((text) =>
          typeof text === "string"
            ? tokenizer.encode(text, { addSpecialTokens })
            : tokenizer.encodeBytes(text, { addSpecialTokens }),
        )
        for (const threads of [1, 2]) {
          expect(await tokenizer.encodeBatch(texts, { threads, addSpecialTokens })).toEqual(lists)
          const { ids, starts } = await tokenizer.encodePacked(texts, { threads, addSpecialTokens })
          expect(starts.length).toBe(texts.length + 1)
          expect(lists.map((_, text) => [...ids.subarray(starts[text], starts[text + 1])])).toEqual(lists)
          expect(starts[texts.length]).toBe(ids.length)
        }
      }
    expect(await tokenizer.encodePacked([], { threads: 2 })).toEqual({
      ids: new Int32Array(),
      starts: Int32Array.of(0),
    })
    const sampling = { seed: 5, dropout: 0.3 }
    expect(await tokenizer.encodeBatch(inputs, { threads: 2, sampling })).toEqual(
      await tokenizer.encodeBatch(inputs, { threads: 1, sampling }),
    )
    expect(await tokenizer.encodeFullBatch(inputs, { threads: 2 })).toEqual(
      inputs.map((input) => tokenizer.encodeFull(input)),
    )
    await expect(tokenizer.encodeBatch(inputs, { threads: 2, sampling: { seed: 1, dropout: 7 } })).rejects.toThrow(
      /sampling\.dropout/,
    )
  }, 240_000)
})

describe("cuts by chance", () => {
  test("the same seed gives the same ids, others give others, and all decode to the text", () => {
    const sampled = (seed: number) =>
      tokenizer.encode(TEXT, { sampling: { seed, dropout: 0.5 }, addSpecialTokens: false })
    expect(sampled(1)).toEqual(sampled(1))
    const all = Array.from({ length: 8 }, (_, seed) => sampled(seed))
    expect(new Set(all.map(String)).size).toBeGreaterThan(4)
    for (const ids of all) expect(tokenizer.decode(ids)).toBe(TEXT)
    expect(tokenizer.encodeFull(TEXT, { sampling: { seed: 1, dropout: 0.5 }, addSpecialTokens: false }).ids).toEqual(
      sampled(1),
    )
  })
  test("dropout 0 is the best cut, dropout 1 leaves single bytes", () => {
    const ids = (dropout: number) => tokenizer.encode(TEXT, { sampling: { seed: 3, dropout }, addSpecialTokens: false })
    expect(ids(0)).toEqual(tokenizer.encode(TEXT, { addSpecialTokens: false }))
    expect(ids(1).length).toBe(Buffer.byteLength(TEXT))
  })
  test("Unigram paths come as often as their probabilities say", () => {
    const unigram = Tokenizer.fromJson(UNIGRAM)
    const counts = new Map<string, number>()
    const rounds = 4000
    for (let seed = 0; seed < rounds; seed++) {
      const ids = unigram.encode("aba", { sampling: { seed, alpha: 1 } }).join(" ")
      counts.set(ids, (counts.get(ids) ?? 0) + 1)
    }
    // Paths: a b a (e^−6), ab a (e^−5), aba (e^−5).
    const sum = Math.exp(-6) + 2 * Math.exp(-5)
    const expected = { "1 2 1": Math.exp(-6) / sum, "3 1": Math.exp(-5) / sum, "4": Math.exp(-5) / sum }
    for (const [ids, share] of Object.entries(expected)) {
      // Four standard deviations of a binomial count.
      const allowed = 4 * Math.sqrt((share * (1 - share)) / rounds)
      expect(Math.abs((counts.get(ids) ?? 0) / rounds - share)).toBeLessThan(allowed)
    }
  })
  test("text that cannot be spelled, with no token for what is unknown, is one clear error", () => {
    const strict = Tokenizer.fromJson({ ...UNIGRAM, model: { ...UNIGRAM.model, unk_id: null } })
    expect(() => strict.encode("az")).toThrow(/encode: wanted text of the vocabulary.*came "z".*TOKEN_UNKNOWN/)
  })
})

describe("templates one after another", () => {
  test("a later one sees what the first put beside the text as a pair, as Hugging Face's library does", () => {
    const template = tokenizer.toJson().post_processor as object
    const twice = { type: "Sequence", processors: [template, template] }
    const doubled = Tokenizer.fromJson({ ...tokenizer.toJson(), post_processor: twice })
    const once = tokenizer.encode("a text")
    // The pair's template is: the token, the first part (the token again), the second (the text).
    const wanted = [once[0], once[0], ...once.slice(1)]
    expect(doubled.encode("a text")).toEqual(wanted)
    expect(doubled.encodeFull("a text").ids).toEqual(wanted)
  })
})
