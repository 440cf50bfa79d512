import { describe, expect, it } from "vitest"
import { parsePretrainSettings } from "./settings.ts"

const least = { model: { model_type: "llama" }, steps: 10 }

describe("parsePretrainSettings", () => {
  it("fills in defaults", () => {
    expect(parsePretrainSettings(least)).toMatchObject({
      batchTokens: 8192,
      learningRate: 1e-3,
      schedule: { kind: "cosine" },
      betas: [0.9, 0.95],
      maximumGradientNorm: 1,
      precision: "auto",
    })
  })

  it("gives back what it was given, once checked", () => {
    const settings = parsePretrainSettings({ ...least, schedule: { kind: "wsd", decaySteps: 3 }, from: "there" })
    expect(parsePretrainSettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings)
  })

  it.each([
    [{ learningRte: 1 }, /settings: learningRte.*did you mean learningRate\?.*RECIPE_UNKNOWN_KEY/],
    [{ schedule: { warmupStep: 1 } }, /settings: schedule\.warmupStep.*did you mean schedule\.warmupSteps\?/],
    [{ evaluateEvery: { step: 1 } }, /settings: evaluateEvery\.step.*did you mean evaluateEvery\.steps\?/],
    [{ batchTokens: -4 }, /settings: batchTokens: wanted a whole number above 0; came -4.*RECIPE_INVALID/],
    [{ steps: 1.5 }, /settings: steps: wanted a whole number of 0 or more; came 1\.5/],
    [{ learningRate: "fast" }, /settings: learningRate: wanted a number above 0; came "fast"/],
    [{ betas: [0.9, 1] }, /settings: betas\.1: wanted a number from 0 to below 1; came 1/],
    [{ schedule: { kind: "cosin" } }, /settings: schedule\.kind: wanted one of constant, cosine.*came "cosin"/],
    [{ precision: "f16" }, /settings: precision: wanted auto, f32 or bf16; came "f16"/],
    [{ seed: -1 }, /settings: seed: wanted a whole number from 0 to 4294967295; came -1/],
  ])("refuses %j in one clear line", (change, message) => {
    expect(() => parsePretrainSettings({ ...least, ...change })).toThrow(message)
  })
})
