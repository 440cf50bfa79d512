import { describe, expect, it } from "vitest"
import { createExecutor, Store } from "../../engine/index.ts"
import { biasSpec, matrixSpec, Parameters, rotaryFrequencies, rotaryTables, scaleSpec } from "./index.ts"

const executor = createExecutor({ kind: "reference" })

describe("parameters", () => {
  const specs = [matrixSpec("a.weight", [40, 50], 0.5), biasSpec("a.bias", 3), scaleSpec("norm.weight", 3)]
  it("begin as their specs say", async () => {
    const parameters = new Parameters(new Store(executor), specs)
    expect(parameters.count).toBe(2006)
    await parameters.initialize(1)
    const weight = (await parameters.get("a.weight").read()) as Float32Array
    const mean = weight.reduce((total, value) => total + value, 0) / 2000
    const deviation = Math.sqrt(weight.reduce((total, value) => total + (value - mean) ** 2, 0) / 2000)
    // 2,000 normal numbers: standard errors 0.011 of the mean, 0.008 of the deviation; four of each allowed.
    expect(Math.abs(mean)).toBeLessThan(0.045)
    expect(Math.abs(deviation - 0.5)).toBeLessThan(0.032)
    expect([...(await parameters.get("a.bias").read())]).toEqual([0, 0, 0])
    expect([...(await parameters.get("norm.weight").read())]).toEqual([1, 1, 1])
  })
  it("depend on seed and path alone", async () => {
    const all = new Parameters(new Store(executor), specs)
    const alone = new Parameters(new Store(executor), specs.slice(0, 1))
    const read = async (parameters: Parameters, seed: number) => {
      await parameters.initialize(seed)
      return parameters.get("a.weight").read()
    }
    expect(await read(alone, 5)).toEqual(await read(all, 5))
    expect(await read(alone, 6)).not.toEqual(await read(all, 5))
  })
  it("name the nearest path and the range of seeds", async () => {
    const parameters = new Parameters(new Store(executor), specs)
    expect(() => parameters.get("a.wieght")).toThrow("did you mean a.weight?")
    for (const seed of [-1, 0.5, 2 ** 32, Number.NaN])
      await expect(parameters.initialize(seed)).rejects.toMatchObject({ code: "ATTRIBUTE_INVALID" })
  })
})

describe("rotary frequencies", () => {
  const plain = [0, 1, 2, 3].map((pair) => 10_000 ** (-pair / 4))
  const close = (actual: Float64Array, expected: number[]) =>
    expected.forEach((value, i) => {
      expect(actual[i]).toBeCloseTo(value, 14)
    })
  it("default and dynamic are the paper's; linear divides them", () => {
    close(rotaryFrequencies({ rope_type: "default", rope_theta: 10_000 }, 8).frequencies, plain)
    close(rotaryFrequencies({ rope_type: "dynamic", rope_theta: 10_000, factor: 4 }, 8).frequencies, plain)
    const linear = rotaryFrequencies({ rope_type: "linear", rope_theta: 10_000, factor: 4 }, 8)
    close(
      linear.frequencies,
      plain.map((value) => value / 4),
    )
    expect(linear.amplitude).toBe(1)
  })
  it("llama3 slows long waves, keeps short ones and blends between", () => {
    const { frequencies } = rotaryFrequencies(
      {
        rope_type: "llama3",
        rope_theta: 10_000,
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 128,
      },
      8,
    )
    // Wavelengths 6.28, 62.8, 628, 6283; short is below 32, long above 128; 62.8 turns 2.037 times in 128.
    const smooth = (128 / (2 * Math.PI * 10) - 1) / 3
    close(frequencies, [1, (1 - smooth) * (0.1 / 8) + smooth * 0.1, 0.01 / 8, 0.001 / 8])
  })
  it("yarn slows pairs by a ramp and sharpens scores", () => {
    const yarn = { rope_type: "yarn", rope_theta: 10_000, factor: 4, original_max_position_embeddings: 128 } as const
    const { frequencies, amplitude } = rotaryFrequencies(yarn, 8)
    // Pair that turns t times in 128 positions: 8·ln(128 / 2πt) / (2·ln 10000): −0.20 for t = 32, 1.31 for t = 1;
    // so the ramp runs from pair 0 to pair 2.
    close(frequencies, [1, 0.1 * 0.5 + (0.1 / 4) * 0.5, 0.01 / 4, 0.001 / 4])
    expect(amplitude).toBeCloseTo(0.1 * Math.log(4) + 1, 15)
    expect(rotaryFrequencies({ ...yarn, attention_factor: 1.5 }, 8).amplitude).toBe(1.5)
    expect(rotaryFrequencies({ ...yarn, mscale: 1, mscale_all_dim: 1 }, 8).amplitude).toBe(1)
  })
})

describe("rotary tables", () => {
  it("hold float32 cosines and sines of float64 angles", () => {
    const { cosine, sine, pairs } = rotaryTables({ rope_type: "default", rope_theta: 10_000 }, 8, 5000)
    expect(cosine[4999 * pairs + 1]).toBe(Math.fround(Math.cos(499.9)))
    expect(sine[4999 * pairs]).toBe(Math.fround(Math.sin(4999)))
  })
  it("are made once a size, and a shorter one begins a longer one", () => {
    const scaling = { rope_type: "default", rope_theta: 10_000 } as const
    const long = rotaryTables(scaling, 8, 64)
    expect(rotaryTables(scaling, 8, 64)).toBe(long)
    const short = rotaryTables(scaling, 8, 16)
    expect([...short.cosine]).toEqual([...long.cosine.subarray(0, short.cosine.length)])
  })
})
