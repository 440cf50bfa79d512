import { describe, expect, it } from "vitest"
import { createSchedule, warmupConstant, warmupCosine, warmupLinear, warmupStableDecay } from "./schedule.ts"

const steps = (count: number): number[] => Array.from({ length: count }, (_, step) => step)

describe("schedules", () => {
  it("rises in equal parts and has the peak at the last warm-up step", () => {
    const schedule = warmupConstant({ peak: 1, warmupSteps: 4 })
    expect(steps(6).map(schedule)).toEqual([0.25, 0.5, 0.75, 1, 1, 1])
  })

  it("follows half a cosine down to the floor and stays there", () => {
    const schedule = warmupCosine({ peak: 1e-3, floor: 1e-4, warmupSteps: 100, totalSteps: 2000 })
    // The recipe of nanoGPT: (step + 1) / 100 · 1e-3, then 1e-4 + ½ (1 + cos(π (step − 100) / 1900)) · 9e-4.
    expect(schedule(0)).toBeCloseTo(1e-5, 15)
    expect(schedule(100)).toBe(1e-3)
    expect(schedule(1050)).toBeCloseTo(5.5e-4, 12)
    expect(schedule(1500)).toBeCloseTo(1e-4 + 0.5 * (1 + Math.cos((Math.PI * 1400) / 1900)) * 9e-4, 15)
    expect(schedule(2000)).toBe(1e-4)
    expect(schedule(5000)).toBe(1e-4)
  })

  it("falls in a straight line to zero", () => {
    const schedule = warmupLinear({ peak: 1, totalSteps: 4 })
    expect(steps(6).map(schedule)).toEqual([1, 0.75, 0.5, 0.25, 0, 0])
  })

  it("stays at the peak until the decay begins", () => {
    const schedule = warmupStableDecay({ peak: 1, floor: 0.5, warmupSteps: 2, totalSteps: 8, decaySteps: 2 })
    expect(steps(10).map(schedule)).toEqual([0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.5])
  })

  it("makes the schedule that settings name", () => {
    const shape = { peak: 1, warmupSteps: 1, totalSteps: 10 }
    expect(createSchedule({ kind: "constant", ...shape })(9)).toBe(1)
    expect(createSchedule({ kind: "cosine", ...shape })(10)).toBe(0)
    expect(createSchedule({ kind: "linear", ...shape })(10)).toBe(0)
    expect(createSchedule({ kind: "wsd", ...shape })(8)).toBe(1)
    expect(createSchedule({ kind: "wsd", ...shape })(9)).toBe(0.5)
  })

  it("refuses impossible settings, naming the key", () => {
    const make = (change: object) => () => createSchedule({ kind: "cosine", peak: 1, totalSteps: 10, ...change })
    expect(make({ peak: -1 })).toThrow(/learningRate.*positive.*-1.*RECIPE_INVALID/)
    expect(make({ peak: Number.NaN })).toThrow(/learningRate/)
    expect(make({ floor: 2 })).toThrow(/schedule\.floor.*from 0 to the peak \(1\)/)
    expect(make({ warmupSteps: -1 })).toThrow(/schedule\.warmupSteps/)
  })
})
