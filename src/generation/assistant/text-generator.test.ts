import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { CausalLanguageModel } from "../../models/index.ts"
import { Tokenizer } from "../../text/index.ts"
import { tinyModel } from "../scheduler/tiny-model.cases.ts"
import { type GeneratedPiece, TextGenerator } from "./text-generator.ts"

/** 32 ids: two special ones, letters, a space, a full stop, and the four bytes of 🙂 one by one. */
function tinyTokenizer(): Tokenizer {
  const bytesOfSmile = ["ð", "Ł", "Ļ", "Ĥ"] // GPT-2's spelling of F0 9F 99 82
  const tokens = ["<|bos|>", "<|eos|>", ..."abcdefghijklmnopqrstuvwx", "Ġ", ".", ...bytesOfSmile]
  return Tokenizer.fromJson(
    {
      version: "1.0",
      added_tokens: tokens.slice(0, 2).map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: null,
      pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      model: { type: "BPE", vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: [] },
    },
    { roles: { bos: "<|bos|>", eos: "<|eos|>" } },
  )
}

let model: CausalLanguageModel
let generator: TextGenerator
beforeAll(async () => {
  model = await tinyModel()
  generator = new TextGenerator(model, { tokenizer: tinyTokenizer(), prefillRows: 16, newSeed: () => 12 })
})
afterAll(() => {
  generator.dispose()
  model.store.dispose()
})

const drawing = { maxNewTokens: 32, temperature: 1.5, ignoreEos: true } as const

async function collect(stream: AsyncIterable<GeneratedPiece>): Promise<GeneratedPiece[]> {
  const pieces: GeneratedPiece[] = []
  for await (const piece of stream) pieces.push(piece)
  return pieces
}

describe("generate", () => {
  test("gives the text of the ids it made, and the seed that makes it again", async () => {
    const made = await generator.generate("abc", drawing)
    expect(made.ids).toHaveLength(32)
    expect(made.logprobs).toHaveLength(32)
    expect(made.text).toBe(generator.tokenizer?.decode(made.ids, { skipSpecialTokens: true }))
    expect(made.text.length).toBeGreaterThan(14)
    expect(made.seed).toBe(12)
    expect(await generator.generate("abc", { ...drawing, seed: made.seed })).toEqual(made)
  })

  test("greedy is the same every time", async () => {
    expect(await generator.generate("hello", { maxNewTokens: 20 })).toEqual(
      await generator.generate("hello", { maxNewTokens: 20, seed: undefined }),
    )
  })

  test("stops before a stop text, wherever tokens end", async () => {
    const { text, ids } = await generator.generate("abc", drawing)
    const stop = text.slice(10, 14)
    const stopped = await generator.generate("abc", { ...drawing, stop: [stop, "never this"] })
    expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)))
    expect(stopped.finishReason).toBe("stop")
    expect(stopped.ids).toEqual(ids.slice(0, stopped.ids.length))
    expect(stopped.ids.length).toBeLessThan(ids.length)
  })

  test("stops at the end-of-text id, which is no text", async () => {
    const made = await generator.generate("abc", { ...drawing, maxNewTokens: 150, ignoreEos: false, seed: 3 })
    expect(made.finishReason).toBe("stop")
    expect(made.ids.at(-1)).toBe(1)
    expect(made.text).not.toContain("<|eos|>")
  })

  test("begins an empty prompt with the id that begins texts", async () => {
    expect(await generator.generate("", { maxNewTokens: 5 })).toEqual(
      await generator.generateIds([0], { maxNewTokens: 5 }),
    )
  })

  test("without a tokenizer works on ids, and says what text would need", async () => {
    using bare = new TextGenerator(model, { prefillRows: 16 })
    const made = await bare.generateIds([5, 6], { maxNewTokens: 4 })
    expect(made.ids).toEqual((await generator.generateIds([5, 6], { maxNewTokens: 4 })).ids)
    expect(made.text).toBe("")
    await expect(bare.generate("abc")).rejects.toThrow(/TOKENIZER_MISSING/)
    await expect(bare.generateIds([5], { stop: "." })).rejects.toThrow(/stopIds.*TOKENIZER_MISSING/)
    await expect(collect(bare.stream("abc"))).rejects.toThrow(/TOKENIZER_MISSING/)
  })

  test("scores ids as it reports them", async () => {
    const made = await generator.generateIds([5, 6], drawing)
    const scored = await generator.score([5, 6, ...made.ids])
    for (const [place, logprob] of made.logprobs.entries()) expect(logprob).toBeCloseTo(scored[place + 1], 5)
  })
})

describe("stream", () => {
  test("joined is what generate gives", async () => {
    for (const settings of [drawing, { ...drawing, stop: "a" }, { ...drawing, seed: 3, ignoreEos: false }]) {
      const made = await generator.generate("abc", settings)
      const pieces = await collect(generator.stream("abc", settings))
      expect(pieces.map(({ text }) => text).join("")).toBe(made.text)
      expect(pieces.map(({ id }) => id)).toEqual(made.ids)
      expect(pieces.map(({ logprob }) => logprob)).toEqual(made.logprobs)
      expect(pieces.map(({ finishReason }) => finishReason)).toEqual([
        ...Array.from({ length: pieces.length - 1 }, () => undefined),
        made.finishReason,
      ])
    }
  })

  test("gives whole characters only", async () => {
    const smile = [28, 29, 30, 31]
    const { TextFollower } = await import("./text-follower.ts")
    const follower = new TextFollower(tinyTokenizer(), [])
    expect(smile.map((id) => follower.push(id, false).text)).toEqual(["", "", "", "🙂"])
    expect(follower.push(28, false).text).toBe("")
    expect(follower.push(2, true).text).toBe("\ufffda")
    expect(new TextFollower(tinyTokenizer(), []).push(28, true).text).toBe("\ufffd")
    expect(new TextFollower(tinyTokenizer(), []).push(40, true).text).toBe("")
  })

  test("keeps the space before the first word after a text, and leaves it out where a text begins", async () => {
    const tokens = ["<s>", "</s>", ...Array.from({ length: 30 }, (_, index) => `▁${String.fromCharCode(97 + index)}`)]
    const tokenizer = Tokenizer.fromJson(
      {
        version: "1.0",
        added_tokens: tokens.slice(0, 2).map((content, id) => ({ id, content, special: true })),
        decoder: {
          type: "Sequence",
          decoders: [
            { type: "Replace", pattern: { String: "▁" }, content: " " },
            { type: "Fuse" },
            { type: "Strip", content: " ", start: 1, stop: 0 },
          ],
        },
        model: { type: "BPE", vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: [] },
      },
      { roles: { bos: "<s>", eos: "</s>" } },
    )
    using spaced = new TextGenerator(model, { tokenizer })
    const settings = { maxNewTokens: 1, temperature: 0 }
    const textAfter = async (ids: number[]) => (await spaced.generateIds(ids, settings)).text
    expect(await textAfter([0, 5])).toMatch(/^ \S$/)
    expect(await textAfter([0])).toMatch(/^\S$/)
  })

  test("left early returns its pages", async () => {
    let seen = 0
    for await (const { id } of generator.streamIds([1, 2, 3], { maxNewTokens: 100 })) {
      expect(id).toBeGreaterThanOrEqual(0)
      if (++seen === 3) break
    }
    const [one, other] = await Promise.all([
      generator.generateIds([1, 2, 3], { maxNewTokens: 8 }),
      generator.generateIds([1, 2, 3], { maxNewTokens: 8 }),
    ])
    expect(one).toEqual(other)
    expect(seen).toBe(3)
  })

  test("fails with CANCELLED when its signal aborts, after the pieces made so far", async () => {
    const abort = new AbortController()
    const pieces: GeneratedPiece[] = []
    const reading = (async () => {
      for await (const piece of generator.stream("abc", { ...drawing, signal: abort.signal })) {
        pieces.push(piece)
        if (pieces.length === 5) abort.abort()
      }
    })()
    await expect(reading).rejects.toThrow(/CANCELLED/)
    expect(pieces.length).toBeGreaterThanOrEqual(5)
    expect(pieces.length).toBeLessThan(32)
  })
})
