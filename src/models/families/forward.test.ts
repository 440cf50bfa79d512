/**
 * The traced forward passes against plain loops in float64, written from the papers and not from the layers: one row at a
 * time, every sum spelled out. The program subtracts the expected numbers (as float32) before they leave, so that the
 * comparison is not blurred by the float32 of outputs.
 */
import { describe, expect, it } from "vitest"
import { compile, createExecutor, type Executor, f32, type HostArray, i32, rows, subtract } from "../../engine/index.ts"
import { CausalLanguageModel } from "../causal-language-model.ts"
import { packedAttention } from "../layers/index.ts"

const executor = createExecutor({ kind: "reference" })
/** Rotary tables are float32 in the program and here; all else is float64 on both sides. */
const TOLERANCE = 1e-12

/** Two sequences in one call: rows 0 to 3 and rows 4 to 6. */
const TOKENS = [3, 1, 4, 1, 5, 9, 2]
const POSITIONS = [0, 1, 2, 3, 0, 1, 2]
const STARTS = [0, 0, 0, 0, 4, 4, 4]

type Numbers = (path: string) => Float32Array
type Row = number[]

async function model(modelType: string, config: Record<string, unknown>): Promise<CausalLanguageModel> {
  const made = await CausalLanguageModel.create({ modelType, config, seed: 7, executor })
  // Biases start at zero and norms at one: shake them, so that forgetting one shows.
  for (const [index, state] of made.parameters.states().entries())
    if (state.shape.length === 1)
      await state.write((await state.read()).map((value, i) => value + 0.1 * Math.sin(i + index)) as Float32Array)
  return made
}

async function numbersOf({ parameters }: CausalLanguageModel): Promise<Numbers> {
  const all = new Map<string, Float32Array>()
  for (const state of parameters.states()) all.set(state.path, (await state.read()) as Float32Array)
  return (path) => all.get(path) as Float32Array
}

/** Largest difference between the program's hidden rows and the expected ones. */
async function largestDifference(made: CausalLanguageModel, expected: Row[], context?: number): Promise<number> {
  const most = rows(16)
  const width = made.description.width
  const program = compile(
    { tokens: i32(most), positions: i32(most), starts: i32(most), expected: f32(most, width) },
    ({ tokens, positions, starts, expected }) => {
      const attention = packedAttention(starts)
      const hidden = made.hidden({ tokens, positions, attention, ...(context ? { context } : {}) })
      return { outputs: { difference: subtract(hidden, expected) } }
    },
    { executor, precision: "f32" },
  )
  const exact = expected.flat()
  const rounded = Float32Array.from(exact)
  const { difference } = await program.run({ tokens: TOKENS, positions: POSITIONS, starts: STARTS, expected: rounded })
  program.dispose()
  expect(difference.length).toBe(exact.length)
  return exact.reduce((most, value, i) => Math.max(most, Math.abs(value - rounded[i] - difference[i])), 0)
}

const sum = (values: Row): number => values.reduce((total, value) => total + value, 0)
const plus = (left: Row, right: Row): Row => left.map((value, i) => value + right[i])
const row = (table: Float32Array, index: number, width: number): Row => [
  ...table.subarray(index * width, (index + 1) * width),
]
/** weight [out, in] */
const outIn = (x: Row, weight: Float32Array, bias?: Float32Array): Row =>
  Array.from({ length: weight.length / x.length }, (_, out) =>
    sum([...x.map((value, i) => value * weight[out * x.length + i]), bias?.[out] ?? 0]),
  )
/** weight [in, out] */
const inOut = (x: Row, weight: Float32Array, bias: Float32Array): Row =>
  Array.from({ length: bias.length }, (_, out) =>
    sum([...x.map((value, i) => value * weight[i * bias.length + out]), bias[out]]),
  )

/** Head by head, every visible row by itself; query head h reads key head ⌊h / group⌋. */
function plainAttention(
  queries: Row[],
  keys: Row[],
  values: Row[],
  heads: number,
  kvHeads: number,
  scale: number,
): Row[] {
  const headSize = queries[0].length / heads
  return queries.map((query, i) =>
    Array.from({ length: heads }, (_, head) => {
      const kvHead = Math.floor(head / (heads / kvHeads))
      const part = (x: Row, place: number): Row => x.slice(place * headSize, (place + 1) * headSize)
      const visible = Array.from({ length: i - STARTS[i] + 1 }, (_, offset) => STARTS[i] + offset)
      const scores = visible.map((j) => {
        const key = part(keys[j], kvHead)
        return scale * sum(part(query, head).map((value, feature) => value * key[feature]))
      })
      const weights = scores.map(Math.exp)
      return Array.from({ length: headSize }, (_, feature) =>
        sum(visible.map((j, at) => (weights[at] / sum(weights)) * part(values[j], kvHead)[feature])),
      )
    }).flat(),
  )
}

/** The native executor, where it was built. */
function nativeExecutor(): Executor | undefined {
  const found = createExecutor({ kind: "auto" })
  return found.name === "native" ? found : undefined
}

describe.skipIf(!nativeExecutor())("on the native executor", () => {
  it.each([
    ["gpt2", { vocab_size: 11, n_positions: 8, n_embd: 48, n_layer: 2, n_head: 3 }],
    [
      "llama",
      {
        vocab_size: 11,
        hidden_size: 48,
        intermediate_size: 80,
        num_hidden_layers: 2,
        num_attention_heads: 6,
        num_key_value_heads: 2,
      },
    ],
  ])("%s: the numbers are the reference executor's, to float32", async (modelType, config) => {
    const reference = await hiddenRows(modelType, config, executor)
    const native = await hiddenRows(modelType, config, nativeExecutor() as Executor)
    // Rows are about 1 after the final norm; float32 keeps 6e-8 of that, and sums of 80 terms lose a little more.
    for (const [i, value] of reference.entries()) expect(Math.abs(native[i] - value)).toBeLessThan(5e-6)
  })

  async function hiddenRows(modelType: string, config: object, on: Executor): Promise<HostArray> {
    const made = await CausalLanguageModel.create({ modelType, config: { ...config }, seed: 7, executor: on })
    const most = rows(16)
    const program = compile(
      { tokens: i32(most), positions: i32(most), starts: i32(most) },
      ({ tokens, positions, starts }) => ({
        outputs: { hidden: made.hidden({ tokens, positions, attention: packedAttention(starts) }) },
      }),
      { executor: on, precision: "f32" },
    )
    const { hidden } = await program.run({ tokens: TOKENS, positions: POSITIONS, starts: STARTS })
    program.dispose()
    made.dispose()
    return hidden
  }
})

describe("gpt2", () => {
  const tiny = { vocab_size: 11, n_positions: 8, n_embd: 12, n_layer: 2, n_head: 3, initializer_range: 0.3 }

  /** erf by its Taylor series, exact to float64 for the small arguments here. */
  function erf(x: number): number {
    let term = x
    let total = x
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n
      total += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * total
  }
  const GELU = {
    gelu: (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
    gelu_new: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  }

  function plainGpt2(
    numbers: Numbers,
    {
      activation = "gelu_new",
      scaleOf = (_: number) => 1 / Math.sqrt(4),
    }: { activation?: keyof typeof GELU; scaleOf?: (layer: number) => number } = {},
  ): Row[] {
    const norm = (x: Row, path: string): Row => {
      const mean = sum(x) / x.length
      const variance = sum(x.map((value) => (value - mean) ** 2)) / x.length
      const [weight, bias] = [numbers(`${path}.weight`), numbers(`${path}.bias`)]
      return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[i] + bias[i])
    }
    const map = (x: Row, path: string): Row => inOut(x, numbers(`${path}.weight`), numbers(`${path}.bias`))
    let residual = TOKENS.map((token, i) =>
      plus(row(numbers("transformer.wte.weight"), token, 12), row(numbers("transformer.wpe.weight"), POSITIONS[i], 12)),
    )
    for (let index = 0; index < 2; index++) {
      const layer = `transformer.h.${index}`
      const joined = residual.map((x) => map(norm(x, `${layer}.ln_1`), `${layer}.attn.c_attn`))
      const [queries, keys, values] = [0, 12, 24].map((start) => joined.map((x) => x.slice(start, start + 12)))
      const attended = plainAttention(queries, keys, values, 3, 3, scaleOf(index))
      residual = residual.map((x, i) => plus(x, map(attended[i], `${layer}.attn.c_proj`)))
      residual = residual.map((x) => {
        const inner = map(norm(x, `${layer}.ln_2`), `${layer}.mlp.c_fc`).map(GELU[activation])
        return plus(x, map(inner, `${layer}.mlp.c_proj`))
      })
    }
    return residual.map((x) => norm(x, "transformer.ln_f"))
  }

  it("computes what plain loops compute", async () => {
    const made = await model("gpt2", tiny)
    expect(await largestDifference(made, plainGpt2(await numbersOf(made)))).toBeLessThan(TOLERANCE)
  })
  it("takes the exact GELU, as the training peers have it", async () => {
    const made = await model("gpt2", { ...tiny, activation_function: "gelu" })
    const numbers = await numbersOf(made)
    expect(await largestDifference(made, plainGpt2(numbers, { activation: "gelu" }))).toBeLessThan(TOLERANCE)
    expect(await largestDifference(made, plainGpt2(numbers))).toBeGreaterThan(1e-6)
  })
  it("scales scores by the layer where asked, or not at all", async () => {
    const byLayer = await model("gpt2", { ...tiny, scale_attn_by_inverse_layer_idx: true })
    const expected = plainGpt2(await numbersOf(byLayer), { scaleOf: (index) => 1 / Math.sqrt(4) / (index + 1) })
    expect(await largestDifference(byLayer, expected)).toBeLessThan(TOLERANCE)
    const unscaled = await model("gpt2", { ...tiny, scale_attn_weights: false })
    const plain = plainGpt2(await numbersOf(unscaled), { scaleOf: () => 1 })
    expect(await largestDifference(unscaled, plain)).toBeLessThan(TOLERANCE)
  })
  it("refuses positions beyond its context when run", async () => {
    const made = await model("gpt2", { ...tiny, n_positions: 3 })
    const zeros = TOKENS.map(() => new Array<number>(12).fill(0))
    await expect(largestDifference(made, zeros)).rejects.toMatchObject({ code: "INPUT_INVALID" })
  })
})

describe("llama", () => {
  const tiny = {
    vocab_size: 11,
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    max_position_embeddings: 32,
    initializer_range: 0.3,
    bos_token_id: null,
  }
  /** Angles of plain rotary positions: base 10000, or what a test says. */
  const plainAngle =
    (headSize: number, base = 10_000) =>
    (position: number, pair: number) =>
      position / base ** ((2 * pair) / headSize)

  interface Plain {
    kvHeads?: number
    headSize?: number
    angle?: (position: number, pair: number) => number
  }

  function plainLlama(
    numbers: Numbers,
    { kvHeads = 4, headSize = 4, angle = plainAngle(headSize) }: Plain = {},
  ): Row[] {
    const norm = (x: Row, path: string): Row => {
      const meanSquare = sum(x.map((value) => value * value)) / x.length
      return x.map((value, i) => (value / Math.sqrt(meanSquare + 1e-6)) * numbers(`${path}.weight`)[i])
    }
    const map = (x: Row, path: string): Row => outIn(x, numbers(`${path}.weight`), numbers(`${path}.bias`))
    const turn = (x: Row, position: number): Row =>
      x.map((value, i) => {
        const feature = i % headSize
        const half = headSize / 2
        const theta = angle(position, feature % half)
        const [cosine, sine] = [Math.fround(Math.cos(theta)), Math.fround(Math.sin(theta))]
        return feature < half ? value * cosine - x[i + half] * sine : value * cosine + x[i - half] * sine
      })
    let residual = TOKENS.map((token) => row(numbers("model.embed_tokens.weight"), token, 16))
    for (let index = 0; index < 2; index++) {
      const layer = `model.layers.${index}`
      const normed = residual.map((x) => norm(x, `${layer}.input_layernorm`))
      const queries = normed.map((x, i) => turn(map(x, `${layer}.self_attn.q_proj`), POSITIONS[i]))
      const keys = normed.map((x, i) => turn(map(x, `${layer}.self_attn.k_proj`), POSITIONS[i]))
      const values = normed.map((x) => map(x, `${layer}.self_attn.v_proj`))
      const attended = plainAttention(queries, keys, values, 4, kvHeads, 1 / Math.sqrt(headSize))
      residual = residual.map((x, i) => plus(x, map(attended[i], `${layer}.self_attn.o_proj`)))
      residual = residual.map((x) => {
        const input = norm(x, `${layer}.post_attention_layernorm`)
        const gate = map(input, `${layer}.mlp.gate_proj`).map((value) => value / (1 + Math.exp(-value)))
        const up = map(input, `${layer}.mlp.up_proj`)
        return plus(
          x,
          map(
            gate.map((value, i) => value * up[i]),
            `${layer}.mlp.down_proj`,
          ),
        )
      })
    }
    return residual.map((x) => norm(x, "model.norm"))
  }

  it("computes what plain loops compute", async () => {
    const made = await model("llama", tiny)
    expect(await largestDifference(made, plainLlama(await numbersOf(made)))).toBeLessThan(TOLERANCE)
  })
  it("shares key heads among query heads in groups", async () => {
    for (const kvHeads of [1, 2]) {
      const made = await model("llama", { ...tiny, num_key_value_heads: kvHeads })
      expect(await largestDifference(made, plainLlama(await numbersOf(made), { kvHeads }))).toBeLessThan(TOLERANCE)
    }
  })
  it("takes a head size of its own and biases", async () => {
    const made = await model("llama", { ...tiny, head_dim: 6, attention_bias: true, mlp_bias: true })
    expect(await largestDifference(made, plainLlama(await numbersOf(made), { headSize: 6 }))).toBeLessThan(TOLERANCE)
  })
  it("takes rotary settings under old and new keys", async () => {
    const old = await model("llama", { ...tiny, rope_theta: 500, rope_scaling: { type: "linear", factor: 4 } })
    const angle = (position: number, pair: number) => plainAngle(4, 500)(position, pair) / 4
    const expected = plainLlama(await numbersOf(old), { angle })
    expect(await largestDifference(old, expected)).toBeLessThan(TOLERANCE)
    const rope_parameters = { rope_type: "linear", factor: 4, rope_theta: 500 }
    expect(await largestDifference(await model("llama", { ...tiny, rope_parameters }), expected)).toBeLessThan(
      TOLERANCE,
    )
  })
  it("gives the same numbers from shorter position tables", async () => {
    const made = await model("llama", tiny)
    expect(await largestDifference(made, plainLlama(await numbersOf(made)), 4)).toBeLessThan(TOLERANCE)
  })
  it("names the module in errors", async () => {
    const made = await model("llama", tiny)
    const build = () =>
      compile(
        { tokens: i32(rows(4)), positions: i32(rows(4)), starts: f32(rows(4)) },
        ({ tokens, positions, starts }) => ({
          outputs: { hidden: made.hidden({ tokens, positions, attention: packedAttention(starts) }) },
        }),
        { executor },
      )
    expect(build).toThrow("model.layers.0.self_attn")
  })
})

it.each([
  ["llama", { vocab_size: 16, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 2, num_attention_heads: 2 }],
  ["gpt2", { vocab_size: 16, n_embd: 8, n_layer: 2, n_head: 2, n_positions: 16 }],
] as const)("%s computes wanted rows as it does among all", async (modelType, config) => {
  const made = await model(modelType, config)
  const most = rows(16)
  using program = compile(
    { tokens: i32(most), positions: i32(most), starts: i32(most), wanted: i32(3) },
    ({ tokens, positions, starts, wanted }) => {
      const inputs = { tokens, positions, attention: packedAttention(starts) }
      return { outputs: { all: made.hidden(inputs), some: made.hidden({ ...inputs, wanted }) } }
    },
    { executor, precision: "f32" },
  )
  const wanted = [6, 3, 0]
  const { all, some } = await program.run({ tokens: TOKENS, positions: POSITIONS, starts: STARTS, wanted })
  expect([...some]).toEqual(wanted.flatMap((place) => [...all.subarray(8 * place, 8 * place + 8)]))
  made.dispose()
})
