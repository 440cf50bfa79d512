import { describe, expect, test } from "vitest"
import { applyDefaults, readGenerationConfig } from "./generation-config.ts"
import { drawingKey } from "./seeds.ts"
import { type GenerationSettings, resolveSettings } from "./settings.ts"

const newSeed = () => 99

test("nothing asked for takes the likeliest token", () => {
  expect(resolveSettings({}, newSeed)).toEqual({
    maxNewTokens: 256,
    temperature: 0,
    topK: 0,
    topP: 1,
    minP: 0,
    seed: 99,
    stop: [],
    stopIds: [],
    ignoreEos: false,
    topLogprobs: 0,
  })
})

test("a setting of drawing draws, unless doSample says no", () => {
  expect(resolveSettings({ topP: 0.9 }, newSeed).temperature).toBe(1)
  expect(resolveSettings({ seed: 3 }, newSeed)).toMatchObject({ temperature: 1, seed: 3 })
  expect(resolveSettings({ temperature: 0.7 }, newSeed).temperature).toBe(0.7)
  expect(resolveSettings({ temperature: 0.7, doSample: false }, newSeed).temperature).toBe(0)
  expect(resolveSettings({ temperature: 0, seed: 1 }, newSeed).temperature).toBe(0)
  expect(resolveSettings({ stop: "." }, newSeed).stop).toEqual(["."])
})

test.each([
  [{ temperature: -1 }, "temperature: wanted a number from 0; came -1. [SAMPLING_INVALID]"],
  [{ temperature: Number.NaN }, 'temperature: wanted a number from 0; came "NaN". [SAMPLING_INVALID]'],
  [{ topP: 1.5 }, "topP: wanted a number from 0 to 1; came 1.5. [SAMPLING_INVALID]"],
  [{ topK: 2.5 }, "topK: wanted a whole number from 0; came 2.5. [SAMPLING_INVALID]"],
  [{ maxNewTokens: 0 }, "maxNewTokens: wanted a whole number from 1; came 0. [SAMPLING_INVALID]"],
  [{ seed: -3 }, "seed: wanted a whole number from 0 to 2⁵³ − 1; came -3. [SAMPLING_INVALID]"],
  [{ stop: ["ok", ""] }, 'stop: wanted a text or texts of one character or more; came ["ok",""]. [SAMPLING_INVALID]'],
  [{ doSample: true, temperature: 0 }, /temperature: wanted a number above 0 where doSample is true; came 0/],
  [{ temprature: 1 }, /temprature: wanted one of .*; did you mean temperature\?/],
])("%j is refused in one line", (settings, message) => {
  expect(() => resolveSettings(settings as never, newSeed)).toThrow(message)
})

test("seeds beyond 32 bits are seeds of their own", () => {
  expect(drawingKey(5)).not.toEqual(drawingKey(5 + 2 ** 32))
  expect(drawingKey(5)).not.toEqual(drawingKey(6))
  for (const word of drawingKey(2 ** 53 - 1)) expect(word).toBe(word | 0)
})

describe("generation_config.json", () => {
  const file = { do_sample: true, temperature: 0.6, top_p: 0.9, top_k: null, eos_token_id: [3, 5], cache: "static" }
  const { settings: defaults, eosIds } = readGenerationConfig(file)
  const resolve = (settings: GenerationSettings) => resolveSettings(applyDefaults(settings, defaults), newSeed)

  test("holds where a caller says nothing", () => {
    expect(resolve({ maxNewTokens: 3 })).toMatchObject({ maxNewTokens: 3, temperature: 0.6, topP: 0.9, topK: 0 })
    expect(resolve({ temperature: undefined, topP: 0.5 })).toMatchObject({ temperature: 0.6, topP: 0.5 })
    expect(eosIds).toEqual([3, 5])
  })
  test("gives way to a caller who decides", () => {
    expect(resolve({ temperature: 0 }).temperature).toBe(0)
    expect(resolve({ doSample: false }).temperature).toBe(0)
    expect(resolve({ temperature: 1.1 })).toMatchObject({ temperature: 1.1, topP: 0.9 })
  })
  test("without do_sample is greedy until asked to draw", () => {
    const { settings, eosIds: none } = readGenerationConfig({ temperature: 0.7, top_p: "later invention" })
    expect(resolveSettings(applyDefaults({}, settings), newSeed)).toMatchObject({ temperature: 0, topP: 1 })
    expect(resolveSettings(applyDefaults({ seed: 1 }, settings), newSeed).temperature).toBe(0.7)
    expect(none).toEqual([])
  })
})
