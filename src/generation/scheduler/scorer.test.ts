import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createExecutor, type Executor } from "../../engine/index.ts"
import type { CausalLanguageModel } from "../../models/index.ts"
import { resolveSettings } from "../decoding/index.ts"
import { Scheduler } from "./scheduler.ts"
import { compareBits, compareLogProbabilities, Scorer } from "./scorer.ts"
import { someIds, tinyModel } from "./tiny-model.cases.ts"

describe.each(["llama", "gpt2"] as const)("%s on the reference executor", (family) => {
  let model: CausalLanguageModel
  beforeAll(async () => {
    model = await tinyModel(family)
  })
  afterAll(() => model.store.dispose())

  test("reading in one chunk gives the very numbers of the packed forward", async () => {
    // One chunk stays in float64 throughout, so what is left is the float32 that numbers come out in.
    const ids = someIds(60)
    expect(await compareLogProbabilities(model, ids, { prefill: 60 })).toEqual({ identical: 59, compared: 59 })
  })

  test("reading by ones, in chunks or over page borders gives the same to the float32 of the cache", async () => {
    using scorer = new Scorer(model)
    const ids = someIds(130)
    const packed = await scorer.score(ids)
    for (const prefill of [0, 100]) {
      const cached = await scorer.scoreCached(ids, { prefill })
      for (const [place, logprob] of cached.entries()) expect(Math.abs(logprob - packed[place])).toBeLessThan(2e-6)
    }
  })

  test("probabilities over the vocabulary sum to one", async () => {
    using scorer = new Scorer(model)
    let total = 0
    for (let id = 0; id < 32; id++) total += Math.exp((await scorer.score([3, 1, 4, id]))[2])
    expect(total).toBeCloseTo(1, 6)
  })

  test("the context may be filled, and one more id judged from it", async () => {
    using scorer = new Scorer(model)
    expect(await scorer.score(someIds(161))).toHaveLength(160)
    await expect(scorer.score(someIds(162))).rejects.toThrow(/CONTEXT_EXCEEDED/)
    await expect(scorer.score([1])).rejects.toThrow(/INPUT_INVALID/)
  })
})

test("bits are compared, not values", () => {
  expect(compareBits([1, 2, 3], [1, 2, 3])).toEqual({ identical: 3, compared: 3 })
  expect(compareBits([0, 1], [-0, 1 + 2 ** -23])).toEqual({ identical: 0, compared: 2 })
  expect(compareBits([1], [1, 2])).toEqual({ identical: 1, compared: 2 })
})

/** The native executor, where it was built. */
function nativeExecutor(): Executor | undefined {
  try {
    return createExecutor({ kind: "native", threads: 2 })
  } catch {
    return undefined
  }
}

const native = nativeExecutor()
describe.skipIf(!native).each(["f32", "bf16"] as const)("trainer = generator in bits, native %s", (precision) => {
  test.each(["llama", "gpt2"] as const)("%s: every way of reading", async (family) => {
    const model = await tinyModel(family, native)
    const ids = someIds(161)
    for (const prefill of [0, 7, 100])
      expect(await compareLogProbabilities(model, ids, { precision, prefill })).toEqual({
        identical: 160,
        compared: 160,
      })
    model.store.dispose()
  })

  test.each(["llama", "gpt2"] as const)("%s: what generation reports, in company", async (family) => {
    const model = await tinyModel(family, native)
    using roomy = new Scheduler(model, { precision, prefillRows: 24 })
    using tight = new Scheduler(model, { precision, prefillRows: 50, cachePages: 3, maxSequences: 3 })
    using scorer = new Scorer(model, { precision })
    const prompts = [1, 9, 33, 100].map((count) => someIds(count, count))
    const serve = (scheduler: Scheduler) =>
      Promise.all(
        prompts.map((ids, seed) => {
          const settings = resolveSettings({ maxNewTokens: 50, temperature: 1, seed, ignoreEos: true }, () => 0)
          return scheduler.submit({ ids, settings })
        }),
      )
    const results = await serve(roomy)
    expect(await serve(tight)).toEqual(results)
    expect(tight.preemptedCount).toBeGreaterThan(0)
    for (const [index, { ids, logprobs }] of results.entries()) {
      const scored = await scorer.score([...prompts[index], ...ids])
      expect(compareBits(logprobs, scored.slice(prompts[index].length - 1))).toEqual({ identical: 50, compared: 50 })
    }
    model.store.dispose()
  })
})
