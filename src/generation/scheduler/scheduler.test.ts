import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { CausalLanguageModel } from "../../models/index.ts"
import { type GenerationSettings, resolveSettings } from "../decoding/index.ts"
import { Scheduler, type SchedulerOptions } from "./scheduler.ts"
import { Scorer } from "./scorer.ts"
import type { GenerationResult } from "./sequence.ts"
import { someIds, tinyModel } from "./tiny-model.cases.ts"

let model: CausalLanguageModel
beforeAll(async () => {
  model = await tinyModel()
})
afterAll(() => model.store.dispose())

const settingsOf = (settings: GenerationSettings) => resolveSettings(settings, () => 1)

interface Ask {
  readonly ids: readonly number[]
  readonly settings: GenerationSettings
}

/** Asks all at once and says what each got. */
async function serve(asks: readonly Ask[], options: SchedulerOptions = {}): Promise<GenerationResult[]> {
  using scheduler = new Scheduler(model, { prefillRows: 16, ...options })
  const results = await Promise.all(
    asks.map(({ ids, settings }) => scheduler.submit({ ids, settings: settingsOf(settings) })),
  )
  expect(scheduler.cache.allocator.free).toBe(scheduler.cache.allocator.capacity)
  return results
}

const asks: readonly Ask[] = [
  { ids: someIds(3), settings: { maxNewTokens: 12, temperature: 0.9, seed: 5 } },
  { ids: someIds(40, 2), settings: { maxNewTokens: 30, temperature: 1.2, topK: 8, seed: 6 } },
  { ids: someIds(1, 3), settings: { maxNewTokens: 5 } },
  { ids: someIds(70, 4), settings: { maxNewTokens: 9, temperature: 1, topP: 0.8, minP: 0.02, seed: 5 } },
]

describe("company", () => {
  test("does not change what a sequence gets", async () => {
    const alone = await Promise.all(asks.map(async (ask) => (await serve([ask]))[0]))
    const together = await serve(asks)
    expect(together.map(({ ids }) => ids)).toEqual(alone.map(({ ids }) => ids))
    together.forEach(({ logprobs }, index) => {
      for (const [place, logprob] of logprobs.entries()) expect(logprob).toBeCloseTo(alone[index].logprobs[place], 5)
    })
    expect(together.map(({ ids }) => ids.length)).toEqual([12, 30, 5, 9])
  })

  test("larger than the batch waits its turn", async () => {
    const roomy = await serve(asks)
    const narrow = await serve(asks, { maxSequences: 1, prefillRows: 7 })
    expect(narrow.map(({ ids }) => ids)).toEqual(roomy.map(({ ids }) => ids))
  })

  test("in too small a cache is read again, and gets the same", async () => {
    const growing = [1, 2, 3].map((seed) => ({
      ids: someIds(60, seed),
      settings: { maxNewTokens: 20, temperature: 1, seed },
    }))
    const roomy = await serve(growing)
    using scheduler = new Scheduler(model, { prefillRows: 16, cachePages: 3 })
    const tight = await Promise.all(
      growing.map(({ ids, settings }) => scheduler.submit({ ids, settings: settingsOf(settings) })),
    )
    expect(tight.map(({ ids }) => ids)).toEqual(roomy.map(({ ids }) => ids))
    expect(scheduler.preemptedCount).toBeGreaterThan(0)
  })

  test("may join between turns", async () => {
    using scheduler = new Scheduler(model, { prefillRows: 16 })
    let joined: Promise<GenerationResult> | undefined
    const first = scheduler.submit({
      ids: asks[1].ids,
      settings: settingsOf(asks[1].settings),
      onToken: () => {
        joined ??= scheduler.submit({ ids: asks[0].ids, settings: settingsOf(asks[0].settings) })
      },
    })
    const [alone] = await serve([asks[0]])
    await first
    expect((await (joined as Promise<GenerationResult>)).ids).toEqual(alone.ids)
  })
})

describe("a sequence", () => {
  test("is the same for the same seed and another for another", async () => {
    const ask = (seed: number): Ask => ({ ids: [4, 5], settings: { maxNewTokens: 24, temperature: 1, seed } })
    const [first, again, other] = await serve([ask(1), ask(1), ask(2)])
    expect(again).toEqual(first)
    expect(other.ids).not.toEqual(first.ids)
  })

  test("made greedily takes the likeliest candidate each time", async () => {
    const [plain, told] = await serve([
      { ids: [9], settings: { maxNewTokens: 10 } },
      { ids: [9], settings: { maxNewTokens: 10, topLogprobs: 3 } },
    ])
    expect(told.ids).toEqual(plain.ids)
    expect(plain.candidates).toBeUndefined()
    told.candidates?.forEach((candidates, place) => {
      expect(candidates).toHaveLength(3)
      expect(candidates[0]).toEqual({ id: told.ids[place], logprob: told.logprobs[place] })
      expect(candidates[1].logprob).toBeLessThanOrEqual(candidates[0].logprob)
    })
  })

  test("reports the log-probabilities that scoring gives", async () => {
    using scorer = new Scorer(model)
    for (const [index, result] of (await serve(asks)).entries()) {
      const { ids } = asks[index]
      const scored = await scorer.score([...ids, ...result.ids])
      for (const [place, logprob] of result.logprobs.entries())
        expect(logprob).toBeCloseTo(scored[ids.length - 1 + place], 5)
    }
  })

  test("ends at a stop id, which is part of what it made", async () => {
    const [free] = await serve([{ ids: [2], settings: { maxNewTokens: 20 } }])
    const stop = free.ids[3]
    const [stopped] = await serve([{ ids: [2], settings: { maxNewTokens: 20, stopIds: [stop] } }])
    expect(stopped.ids).toEqual(free.ids.slice(0, free.ids.indexOf(stop) + 1))
    expect(stopped.finishReason).toBe("stop")
    expect(free.finishReason).toBe("length")
  })

  test("ends where the context is full: the last token is drawn from all of it", async () => {
    const [result] = await serve([{ ids: someIds(150), settings: { maxNewTokens: 99 } }])
    expect(result.ids).toHaveLength(11)
    expect(result.finishReason).toBe("length")
  })
})

describe("an abort", () => {
  test("drops the sequence, returns its pages and leaves the others alone", async () => {
    using scheduler = new Scheduler(model, { prefillRows: 16, maxSequences: 2 })
    const [alone] = await serve([asks[1]])
    const abort = new AbortController()
    let made = 0
    const dropped = scheduler.submit({
      ids: someIds(20),
      settings: settingsOf({ maxNewTokens: 100 }),
      signal: abort.signal,
      onToken: () => {
        if (++made === 4) abort.abort(new Error("the reader left"))
      },
    })
    const kept = scheduler.submit({ ids: asks[1].ids, settings: settingsOf(asks[1].settings) })
    await expect(dropped).rejects.toThrow(/CANCELLED/)
    expect(made).toBe(4)
    expect((await kept).ids).toEqual(alone.ids)
    expect(scheduler.cache.allocator.free).toBe(scheduler.cache.allocator.capacity)
    expect(scheduler.activeCount + scheduler.waitingCount).toBe(0)
  })

  test("reaches a sequence that waits, and one that comes too late", async () => {
    using scheduler = new Scheduler(model, { maxSequences: 1, prefillRows: 16 })
    const abort = new AbortController()
    const first = scheduler.submit({ ids: [1], settings: settingsOf({ maxNewTokens: 3 }) })
    const second = scheduler.submit({ ids: [1], settings: settingsOf({}), signal: abort.signal })
    abort.abort()
    await expect(second).rejects.toThrow(/CANCELLED/)
    expect((await first).ids).toHaveLength(3)
    const late = scheduler.submit({ ids: [1], settings: settingsOf({}), signal: abort.signal })
    await expect(late).rejects.toThrow(/CANCELLED/)
  })

  test("of everything comes with dispose", async () => {
    const scheduler = new Scheduler(model, { prefillRows: 16 })
    const running = scheduler.submit({ ids: [1, 2], settings: settingsOf({}), onToken: () => scheduler.dispose() })
    await expect(running).rejects.toThrow(/DISPOSED/)
    await expect(scheduler.submit({ ids: [1], settings: settingsOf({}) })).rejects.toThrow(/DISPOSED/)
  })
})

test.each([
  [{ ids: someIds(161), settings: {} }, /at most 160 token ids.*came 161; shorten it. \[CONTEXT_EXCEEDED\]/],
  [{ ids: [1, 32], settings: {} }, "prompt: wanted ids from 0 to 31; came 32. [TOKEN_UNKNOWN]"],
  [{ ids: [1.5], settings: {} }, /TOKEN_UNKNOWN/],
  [{ ids: [], settings: {} }, /INPUT_INVALID/],
  [{ ids: [1], settings: { topLogprobs: 33 } }, /SAMPLING_INVALID/],
  [{ ids: someIds(60), settings: { maxNewTokens: 70 } }, /CACHE_FULL/],
] as [Ask, string | RegExp][])("a request that cannot be served is refused in one line (%#)", async (ask, message) => {
  await expect(serve([ask], { cachePages: 2 })).rejects.toThrow(message)
})
