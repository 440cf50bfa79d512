import { expect, test } from "vitest"
import { drawingKey } from "./seeds.ts"
import { resolveSettings } from "./settings.ts"

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
