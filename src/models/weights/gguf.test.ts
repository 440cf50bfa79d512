import { createHash } from "node:crypto"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { compile, createExecutor, dequantizeRows, i32, quantizeRows, rows } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import { GgufFile, type GgufTensorToWrite, type GgufValue, writeGguf } from "../../gguf/index.ts"
import { CausalLanguageModel } from "../causal-language-model.ts"
import { packedAttention, product } from "../layers/index.ts"
import { openStoredModel } from "./stored-model.ts"

const executor = createExecutor({ kind: "auto" })
const LLAMA = {
  vocab_size: 96,
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  initializer_range: 0.1,
}
const GPT2 = { vocab_size: 96, n_embd: 64, n_layer: 2, n_head: 4, n_positions: 32, initializer_range: 0.1 }
const FAMILIES = [
  ["llama", LLAMA],
  ["llama, tied and biased", { ...LLAMA, tie_word_embeddings: true, attention_bias: true, mlp_bias: true }],
  ["llama, wide heads", { ...LLAMA, head_dim: 32, eos_token_id: [2, 5] }],
  ["gpt2", GPT2],
  ["gpt2, untied", { ...GPT2, tie_word_embeddings: false, n_inner: 96 }],
] as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-gguf-"))
})
afterAll(() => rm(folder, { recursive: true }))

const create = (name: string, config: object) =>
  CausalLanguageModel.create({ modelType: name.slice(0, 5).replace(",", ""), config: { ...config }, seed: 5, executor })

/** A hash of every parameter's numbers, by path. */
async function numbersOf(model: CausalLanguageModel): Promise<Map<string, string>> {
  const hashes = new Map<string, string>()
  for (const state of model.parameters.states()) {
    const numbers = await state.read()
    hashes.set(state.path, createHash("sha256").update(new Uint8Array(numbers.buffer)).digest("hex"))
  }
  return hashes
}

/** Norms and biases begin as ones and zeros; other numbers tell whether they are kept. */
async function fillPlain(model: CausalLanguageModel): Promise<void> {
  for (const state of model.parameters.states())
    if (state.shape.length === 1)
      await state.write(Float32Array.from({ length: state.length }, (_, at) => 1 + at / 100))
}

async function logits(model: CausalLanguageModel): Promise<Float32Array> {
  const tokens = Int32Array.from({ length: 24 }, (_, at) => (at * 37) % 96)
  const positions = tokens.map((_, at) => at)
  using program = compile(
    { tokens: i32(rows(24)), positions: i32(rows(24)), sequenceStart: i32(rows(24)) },
    (inputs) => {
      const attention = packedAttention(inputs.sequenceStart)
      return { outputs: { logits: product(model.hidden({ ...inputs, attention }), model.outputWeight) } }
    },
    { executor, precision: "f32" },
  )
  const outputs = await program.run({ tokens, positions, sequenceStart: new Int32Array(24) })
  return outputs["logits"] as Float32Array
}

/** Frobenius norm of the difference, as a share of `wanted`'s. */
function distance(came: ArrayLike<number>, wanted: Float32Array): number {
  const squares = wanted.reduce((sum, value, at) => sum + (value - came[at]) ** 2, 0)
  return Math.sqrt(squares / wanted.reduce((sum, value) => sum + value * value, 0))
}

describe.each(FAMILIES)("%s", (name, config) => {
  it("comes back bit for bit, as a model and as a folder", async () => {
    using model = await create(name, config)
    await fillPlain(model)
    const [path, first, second] = ["model.gguf", "first", "second"].map((entry) => join(folder, entry))
    await model.saveGguf(path)
    await model.save(first)
    using loaded = await CausalLanguageModel.load(path, { executor })
    expect(loaded.notices).toEqual([])
    expect(await numbersOf(loaded)).toEqual(await numbersOf(model))
    // What only shapes initial numbers is not kept.
    const { initializer_range, scale_residual_initializer, ...kept } = model.config
    expect(loaded.description).toEqual(model.description)
    expect({ head_dim: null, n_inner: null, ...loaded.config }).toMatchObject(kept)
    await loaded.save(second)
    const files = await Promise.all([first, second].map((entry) => readFile(join(entry, "model.safetensors"))))
    expect(Buffer.compare(files[0], files[1])).toBe(0)
  })

  it("keeps matrices in blocks as they are, near float32 arithmetic on the same numbers", async () => {
    using model = await create(name, config)
    const path = join(folder, "blocks.gguf")
    for (const dtype of ["q8_0", "q4_0"] as const) {
      await model.saveGguf(path, { dtype })
      using kept = await CausalLanguageModel.load(path, { executor })
      using widened = await CausalLanguageModel.load(path, { executor, blocks: "widen" })
      const inBlocks = kept.parameters.states().filter((state) => state.dtype !== "f32")
      expect(inBlocks.length).toBeGreaterThan(8)
      expect(inBlocks.some((state) => state.dtype === dtype)).toBe(true)
      expect(widened.parameters.states().every((state) => state.dtype === "f32")).toBe(true)
      const wanted = await logits(widened)
      const error = distance(await logits(kept), wanted)
      expect(error).toBeGreaterThan(0)
      expect(error).toBeLessThan(0.03)
      // Saved again, the numbers are those that the file holds, in the shapes of a folder.
      await kept.save(join(folder, "kept"))
      using again = await CausalLanguageModel.load(join(folder, "kept"), { executor })
      expect(await numbersOf(again)).toEqual(await numbersOf(widened))
    }
  })
})

describe("numbers", () => {
  it("are rounded as blocks are, norms and biases not at all, rows that blocks do not divide to float16", async () => {
    using model = await create("llama", { ...LLAMA, intermediate_size: 72 })
    await fillPlain(model)
    const path = join(folder, "rounded.gguf")
    const kinds = async () => {
      const file = await GgufFile.open(path)
      await file.close()
      return Object.fromEntries([...file.tensors.values()].map(({ name, type }) => [name, type]))
    }
    await model.saveGguf(path, { dtype: "q4_0" })
    expect(await kinds()).toMatchObject({
      "token_embd.weight": "Q8_0",
      "output.weight": "Q8_0",
      "blk.0.attn_norm.weight": "F32",
      "blk.0.attn_q.weight": "Q4_0",
      "blk.1.ffn_up.weight": "Q4_0",
      "blk.1.ffn_down.weight": "F16",
      "output_norm.weight": "F32",
    })
    await model.saveGguf(path, { dtype: "f16" })
    expect(new Set(Object.values(await kinds()))).toEqual(new Set(["F16", "F32"]))
    await model.saveGguf(path, { dtype: "q8_0" })
    using widened = await CausalLanguageModel.load(path, { executor, blocks: "widen" })
    const of = async (source: CausalLanguageModel, parameter: string) =>
      (await source.parameters.get(parameter).read()) as Float32Array
    for (const parameter of ["model.layers.0.self_attn.q_proj.weight", "model.layers.1.mlp.up_proj.weight"])
      expect(await of(widened, parameter)).toEqual(
        dequantizeRows(quantizeRows(await of(model, parameter), "q8_0"), "q8_0"),
      )
    const down = await of(model, "model.layers.1.mlp.down_proj.weight")
    expect(distance(await of(widened, "model.layers.1.mlp.down_proj.weight"), down)).toBeLessThan(2 ** -11)
  })

  it("that a float16 cannot hold are told", async () => {
    using model = await create("llama", LLAMA)
    const state = model.parameters.get("model.layers.0.mlp.up_proj.weight")
    await state.write(new Float32Array(state.length).fill(1e5))
    const path = join(folder, "large.gguf")
    await expect(model.saveGguf(path, { dtype: "f16" })).rejects.toThrow(
      "blk.0.ffn_up.weight: wanted numbers below 65,520, which a float16 holds; came 100000",
    )
    await expect(readFile(path)).rejects.toThrow("ENOENT")
  })

  it("of bfloat16 are read", async () => {
    const path = join(folder, "bf16.gguf")
    await rewritten("llama", LLAMA, path, {
      tensors: (tensor) =>
        tensor.name === "blk.0.ffn_up.weight"
          ? { ...tensor, type: "BF16", read: async () => new Uint8Array(2 * 160 * 64).fill(0x3f) }
          : tensor,
    })
    using model = await CausalLanguageModel.load(path, { executor })
    const numbers = await model.parameters.get("model.layers.0.mlp.up_proj.weight").read()
    expect(new Set(numbers)).toEqual(new Set([Math.fround(0.74609375)]))
  })
})

/** Writes a model's file with values and tensors changed; undefined leaves one out. */
async function rewritten(
  name: string,
  config: object,
  path: string,
  change: {
    readonly values?: Record<string, GgufValue | undefined>
    readonly tensors?: (tensor: GgufTensorToWrite) => GgufTensorToWrite | undefined
    readonly more?: readonly GgufTensorToWrite[]
  },
): Promise<void> {
  using model = await create(name, config)
  const whole = join(folder, "whole.gguf")
  await model.saveGguf(whole)
  const file = await GgufFile.open(whole)
  const values = new Map(file.metadata.values)
  for (const [key, value] of Object.entries(change.values ?? {}))
    if (value) values.set(key, value)
    else values.delete(key)
  const tensors = [...file.tensors.values()].flatMap((tensor): GgufTensorToWrite[] => {
    const given = { ...tensor, read: () => file.read(tensor.name) }
    const changed = change.tensors ? change.tensors(given) : given
    return changed ? [changed] : []
  })
  const parts: Uint8Array[] = []
  await writeGguf({ write: async (bytes) => void parts.push(bytes.slice()) }, values, [
    ...tensors,
    ...(change.more ?? []),
  ])
  await file.close()
  await writeFile(path, Buffer.concat(parts))
}

const whole = (value: number): GgufValue => ({ type: "uint32", value })
const zeros = (name: string, size: number): GgufTensorToWrite => ({
  name,
  type: "F32",
  shape: [size],
  read: async () => new Uint8Array(4 * size),
})

describe("files of others", () => {
  it("may hold the tied output twice", async () => {
    const path = join(folder, "twice.gguf")
    let table: GgufTensorToWrite | undefined
    const tied = { ...GPT2, tie_word_embeddings: true }
    await rewritten("gpt2", tied, path, { tensors: (tensor) => (table ??= tensor) && tensor, more: [] })
    const copy = { ...zeros("output.weight", 0), shape: [96, 64], read: () => (table as GgufTensorToWrite).read() }
    const file = await GgufFile.open(path)
    const bytes = await file.read("token_embd.weight")
    await file.close()
    await rewritten("gpt2", tied, path, { more: [{ ...copy, read: async () => bytes }] })
    using model = await CausalLanguageModel.load(path, { executor })
    expect(model.config["tie_word_embeddings"]).toBe(true)
  })

  it.each([
    ["default", null],
    ["linear", { rope_type: "linear", factor: 2 }],
    ["yarn", { rope_type: "yarn", factor: 4, original_max_position_embeddings: 16, beta_fast: 16 }],
    [
      "llama3",
      {
        rope_type: "llama3",
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8192,
      },
    ],
  ])("say how positions are stretched: %s", async (_, rope_scaling) => {
    using model = await create("llama", { ...LLAMA, rope_theta: 500_000, rope_scaling, head_dim: 64 })
    const path = join(folder, "rope.gguf")
    await model.saveGguf(path)
    using loaded = await CausalLanguageModel.load(path, { executor })
    expect(loaded.config["rope_parameters"]).toEqual(model.config["rope_parameters"])
  })

  it("name further ids that end a text", async () => {
    const path = join(folder, "ends.gguf")
    const end = "tokenizer.ggml.eot_token_id"
    await rewritten("llama", LLAMA, path, { values: { [end]: whole(7), "tokenizer.ggml.eom_token_id": whole(7) } })
    using model = await CausalLanguageModel.load(path, { executor })
    expect(model.description.eosIds).toEqual([2, 7])
  })

  const cases: readonly [string, Parameters<typeof rewritten>[3], GlossaError["code"], RegExp][] = [
    [
      "of another architecture",
      { values: { "general.architecture": { type: "string", value: "lama" } } },
      "FAMILY_UNKNOWN",
      /general.architecture: wanted one of gpt2, llama; came "lama"; did you mean llama/,
    ],
    ["without one", { values: { "general.architecture": undefined } }, "FAMILY_UNKNOWN", /came nothing/],
    [
      "without a size",
      { values: { "llama.block_count": undefined } },
      "CHECKPOINT_DAMAGED",
      /llama.block_count: wanted a value for it; came none/,
    ],
    [
      "with a size of another kind",
      { values: { "llama.block_count": { type: "string", value: "2" } } },
      "CHECKPOINT_DAMAGED",
      /llama.block_count: wanted a number; came string/,
    ],
    [
      "with an impossible size",
      { values: { "llama.attention.head_count": whole(5) } },
      "CONFIG_INVALID",
      /wanted|head/,
    ],
    [
      "with fewer layers than they say",
      { values: { "llama.block_count": whole(3) } },
      "CHECKPOINT_MISMATCH",
      /9 missing \(model.layers.2.input_layernorm.weight/,
    ],
    [
      "with a tensor too many",
      { more: [zeros("blk.0.attn_surprise.weight", 3)] },
      "CHECKPOINT_MISMATCH",
      /1 unexpected \(blk.0.attn_surprise.weight\)/,
    ],
    [
      "with a tensor of another shape",
      { tensors: (tensor) => (tensor.name === "output_norm.weight" ? zeros(tensor.name, 9) : tensor) },
      "CHECKPOINT_MISMATCH",
      /1 of another shape \(output_norm.weight \[9\] for \[64\]\)/,
    ],
    [
      "with blocks that are not read",
      {
        tensors: (tensor) =>
          tensor.name === "blk.0.ffn_up.weight"
            ? { ...tensor, type: "Q5_1", read: async () => new Uint8Array(160 * 2 * 24) }
            : tensor,
      },
      "CHECKPOINT_DAMAGED",
      /blk.0.ffn_up.weight: wanted numbers kept as F32, F16, BF16, Q8_0, Q4_0; came Q5_1/,
    ],
    [
      "with experts",
      { values: { "llama.expert_count": whole(8) } },
      "CONFIG_INVALID",
      /a model without experts; came 8/,
    ],
    [
      "whose positions turn half a head",
      { values: { "llama.rope.dimension_count": whole(8) } },
      "CONFIG_INVALID",
      /llama.rope.dimension_count: wanted positions that turn whole heads, 16; came 8/,
    ],
    [
      "with divisors that are not Llama 3's",
      { more: [zeros("rope_freqs.weight", 8)] },
      "CONFIG_INVALID",
      /rope_freqs.weight: wanted the divisors of Llama 3's positions/,
    ],
    [
      "stretched in another way",
      { values: { "llama.rope.scaling.type": { type: "string", value: "longrope" } } },
      "CONFIG_INVALID",
      /llama.rope.scaling.type: wanted none, linear or yarn; came "longrope"/,
    ],
  ]
  it.each(cases)("%s are one clear line", async (_, change, code, message) => {
    const path = join(folder, "strange.gguf")
    await rewritten("llama", LLAMA, path, change)
    const fault = await openStoredModel(path).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(fault).toBeInstanceOf(GlossaError)
    expect((fault as GlossaError).code).toBe(code)
    expect((fault as GlossaError).message).toMatch(message)
    expect((fault as GlossaError).message).toContain(path)
  })
})

describe("models that GGUF cannot say", () => {
  it.each([
    ["gpt2", { ...GPT2, activation_function: "gelu" }, /activation_function: wanted gelu_new.*came "gelu"/],
    ["gpt2", { ...GPT2, scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx: wanted false/],
    ["llama", { ...LLAMA, hidden_act: "relu" }, /hidden_act: wanted silu.*came "relu"/],
    [
      "llama",
      {
        ...LLAMA,
        rope_scaling: {
          rope_type: "llama3",
          factor: 8,
          low_freq_factor: 2,
          high_freq_factor: 4,
          original_max_position_embeddings: 8192,
        },
      },
      /rope_parameters.low_freq_factor: wanted 1/,
    ],
  ])("%s is refused, and no file is left", async (name, config, message) => {
    using model = await create(name, config)
    const path = join(folder, "never.gguf")
    await expect(model.saveGguf(path)).rejects.toThrow(message)
    await expect(readFile(path)).rejects.toThrow("ENOENT")
  })
})
