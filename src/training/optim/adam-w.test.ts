import { describe, expect, it } from "vitest"
import { compile, createExecutor, f32, finite, type HostArray, type State, Store } from "../../engine/index.ts"
import { AdamW, type AdamWSettings } from "./adam-w.ts"
import { clipScale, globalNorm } from "./clip.ts"

const executor = createExecutor({ kind: "reference" })

/** A program that takes gradients and makes one clipped step, as the loop does. */
function stepProgram(optimizer: AdamW, maximumNorm: number) {
  const shapes = optimizer.parameters.map(({ state }, index) => [`gradient${index}`, f32(...state.shape)] as const)
  const scalarSpecs = optimizer.scalarNames.map((name) => [name, f32()] as const)
  return compile(Object.fromEntries([...shapes, ...scalarSpecs]), (inputs) => {
    const gradients = shapes.map(([name]) => inputs[name])
    const norm = globalNorm(gradients)
    return {
      outputs: { norm },
      updates: optimizer.updates(gradients, inputs, clipScale(norm, maximumNorm)),
      when: finite(norm),
    }
  })
}

async function numbersOf(states: readonly State[]): Promise<HostArray[]> {
  return Promise.all(states.map((state) => state.read()))
}

/** The same update written for plain lists of numbers, without the engine. */
function plainStep(
  values: number[][],
  moments: { m: number[][]; v: number[][] },
  gradients: number[][],
  t: number,
  rate: number,
  { betas: [b1, b2], epsilon, weightDecay }: Required<AdamWSettings>,
  maximumNorm: number,
): void {
  const norm = Math.sqrt(gradients.flat().reduce((sum, g) => sum + g * g, 0))
  const scale = Math.min(1, maximumNorm / (norm + 1e-6))
  values.forEach((list, which) => {
    const decay = which === 0 ? weightDecay : 0
    list.forEach((value, place) => {
      const g = gradients[which][place] * scale
      moments.m[which][place] = b1 * moments.m[which][place] + (1 - b1) * g
      moments.v[which][place] = b2 * moments.v[which][place] + (1 - b2) * g * g
      const mean = moments.m[which][place] / (1 - b1 ** t)
      const root = Math.sqrt(moments.v[which][place] / (1 - b2 ** t)) + epsilon
      list[place] = value * (1 - rate * decay) - (rate * mean) / root
    })
  })
}

describe("AdamW", () => {
  const settings = { betas: [0.9, 0.99], epsilon: 1e-8, weightDecay: 0.1 } as const

  it("agrees with plain numbers for three steps, clipped and not, decaying one group only", async () => {
    using store = new Store(executor)
    const weight = store.create("weight", [2, 3])
    const bias = store.create("bias", [3])
    const values = [
      [0.5, -1, 2, 0.25, 0, -3],
      [1, -2, 0.125],
    ]
    await weight.write(Float32Array.from(values[0]))
    await bias.write(Float32Array.from(values[1]))
    const parameters = [
      { state: weight, decays: true },
      { state: bias, decays: false },
    ]
    const optimizer = new AdamW(store, parameters, settings)
    using program = stepProgram(optimizer, 1)
    const moments = { m: [Array(6).fill(0), Array(3).fill(0)], v: [Array(6).fill(0), Array(3).fill(0)] }
    // Norms of about 9.6, 0.21 and 3.2: the first and the last are clipped to 1.
    const series = [
      {
        gradients: [
          [1, -2, 3, 0.5, 4, -5],
          [6, 0, -1],
        ],
        rate: 1e-2,
      },
      {
        gradients: [
          [0.1, 0, -0.1, 0.05, 0, 0.1],
          [0.1, 0, 0.05],
        ],
        rate: 2e-2,
      },
      {
        gradients: [
          [-1, 1, -1, 1, -1, 1],
          [1, 1, 1.75],
        ],
        rate: 5e-3,
      },
    ]
    for (const [index, { gradients, rate }] of series.entries()) {
      await program.run({ gradient0: gradients[0], gradient1: gradients[1], ...optimizer.scalars(index + 1, rate) })
      plainStep(values, moments, gradients, index + 1, rate, settings, 1)
    }
    const found = await numbersOf([weight, bias])
    // Parameters and moments are float32 states: 3 roundings of numbers below 4.
    for (const which of [0, 1])
      values[which].forEach((value, place) => {
        expect(Math.abs(found[which][place] - value)).toBeLessThan(1e-6)
      })
  })

  it("names its moments after the parameters", () => {
    using store = new Store(executor)
    const state = store.create("model.norm.weight", [4])
    const { states } = new AdamW(store, [{ state, decays: false }])
    expect(states.map(({ path, shape }) => [path, shape])).toEqual([
      ["optimizer.moment1.model.norm.weight", [4]],
      ["optimizer.moment2.model.norm.weight", [4]],
    ])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("changes nothing when a gradient is %d", async (bad) => {
    using store = new Store(executor)
    const state = store.create("weight", [2])
    await state.write(Float32Array.of(1, 2))
    const optimizer = new AdamW(store, [{ state, decays: true }], settings)
    using program = stepProgram(optimizer, 1)
    await program.run({ gradient0: [1, 1], ...optimizer.scalars(1, 0.1) })
    const before = await numbersOf([state, ...optimizer.states])
    const { norm } = await program.run({ gradient0: [bad, 1], ...optimizer.scalars(2, 0.1) })
    expect(norm[0]).not.toSatisfy(Number.isFinite)
    expect(await numbersOf([state, ...optimizer.states])).toEqual(before)
  })

  it("refuses impossible settings", () => {
    const make = (change: AdamWSettings) => () => new AdamW(new Store(executor), [], change)
    expect(make({ betas: [0.9, 1] })).toThrow(/betas.*below 1.*RECIPE_INVALID/)
    expect(make({ epsilon: 0 })).toThrow(/epsilon/)
    expect(make({ weightDecay: -0.1 })).toThrow(/weightDecay/)
  })
})
