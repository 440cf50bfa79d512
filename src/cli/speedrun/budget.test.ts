import { describe, expect, it } from "vitest"
import { chooseDepth, planBatch, plannedEnd, planText, readableTokens } from "./budget.ts"

describe("planText", () => {
  const large = { seconds: 279, trainingBytes: 11_400_000, vocabularySize: 4096, context: 256 }
  it("takes what is wanted on a fast machine", () => {
    expect(planText({ trainingFlops: 2e11 }, large)).toMatchObject({ vocabularySize: 4096, context: 256 })
    expect(planText({ trainingFlops: 2e11 }, large).heldOutBytes).toBeGreaterThan(585_000)
  })
  it("takes less on a slow one", () => {
    const slow = planText({ trainingFlops: 4e8 }, { ...large, seconds: 56 })
    expect(slow.vocabularySize).toBe(320)
    expect(slow.context).toBeLessThan(256)
    expect(slow.heldOutBytes).toBeLessThan(100_000)
  })
  it("takes less of a short text", () => {
    const short = planText({ trainingFlops: 2e11 }, { ...large, trainingBytes: 4000 })
    expect(short).toMatchObject({ vocabularySize: 320, context: 64 })
  })
})

describe("planBatch", () => {
  it("is whole rows, at least one, at most what the recipe says", () => {
    expect(planBatch(1_230_000, { steps: 2400, context: 256, most: 8192 })).toBe(512)
    expect(planBatch(1000, { steps: 2400, context: 64, most: 8192 })).toBe(64)
    expect(planBatch(1e9, { steps: 2400, context: 256, most: 8192 })).toBe(8192)
  })
})

it("plans to be done before the minutes are over", () => {
  expect(plannedEnd(5)).toBeLessThan(285)
})

it("reads no more often over a text than makes sense", () => {
  expect(readableTokens(1000, { seconds: 100, corpusTokens: 500, maximumEpochs: 10 })).toBe(5000)
})

describe("chooseDepth", () => {
  // A model of depth d has d·1000 parameters and reads 10,000 / d tokens a second.
  const choose = async (seconds: number, trainingFlops = 6e7, corpusTokens = 1e9) => {
    const measured: number[] = []
    const chosen = await chooseDepth(
      async (depth) => {
        measured.push(depth)
        const tokensPerSecond = 10_000 / depth
        return { depth, parameters: depth * 1000, tokensPerSecond, evaluationTokensPerSecond: 3 * tokensPerSecond }
      },
      { depths: [4, 1, 2, 3, 6], tokensPerParameter: 2 },
      { machine: { trainingFlops }, parametersOf: (depth) => depth * 1000, seconds, corpusTokens, maximumEpochs: 10 },
    )
    return { depth: chosen.depth, measured }
  }
  it("takes the largest that reads enough, after few measurements", async () => {
    // Depth d reads 10,000 · s / d ≥ 2 · 1000 · d tokens where d² ≤ 5 s.
    expect(await choose(2)).toEqual({ depth: 3, measured: [3, 4] })
    expect((await choose(10)).depth).toBe(6)
  })
  it("finds it from a guess that was too low or too high", async () => {
    expect(await choose(2, 6e6)).toEqual({ depth: 3, measured: [1, 2, 3, 4] })
    expect(await choose(2, 6e9)).toEqual({ depth: 3, measured: [6, 4, 3] })
  })
  it("takes the smallest where none reads enough, and a small one for a short text", async () => {
    expect((await choose(0.01)).depth).toBe(1)
    expect((await choose(1000, 6e7, 450)).depth).toBe(2)
  })
})
