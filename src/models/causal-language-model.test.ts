import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createExecutor, type HostArray, roundToBf16 } from "../engine/index.ts"
import { CausalLanguageModel, replaceFiles, SafetensorsFile, writeSafetensors } from "./index.ts"

const executor = createExecutor({ kind: "reference" })
const GPT2 = { vocab_size: 11, n_positions: 8, n_embd: 12, n_layer: 2, n_head: 3 }
const LLAMA = {
  vocab_size: 11,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rope_theta: 500_000,
  rope_scaling: { rope_type: "linear", factor: 2 },
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-model-"))
})
afterEach(() => rm(folder, { recursive: true }))

const create = (modelType: string, config: object) =>
  CausalLanguageModel.create({ modelType, config: { ...config }, seed: 3, executor })
const load = () => CausalLanguageModel.load(folder, { executor })
const numbersOf = async ({ parameters }: CausalLanguageModel): Promise<[string, HostArray][]> =>
  Promise.all(parameters.states().map(async (state): Promise<[string, HostArray]> => [state.path, await state.read()]))
const json = async (name: string) => JSON.parse(await readFile(join(folder, name), "utf8"))

/** The weights of the folder, renamed or dropped or added to. */
async function rewrite(change: (tensors: Map<string, { shape: readonly number[]; numbers: Float32Array }>) => void) {
  const file = await SafetensorsFile.open(join(folder, "model.safetensors"))
  const tensors = new Map<string, { shape: readonly number[]; numbers: Float32Array }>()
  for (const [name, { shape }] of file.tensors) tensors.set(name, { shape, numbers: await file.read(name) })
  await file.close()
  change(tensors)
  const written = [...tensors].map(([name, { shape, numbers }]) => ({
    name,
    type: "F32" as const,
    shape,
    read: async () => numbers,
  }))
  await replaceFiles(folder, [{ name: "model.safetensors", content: (sink) => writeSafetensors(sink, written) }])
}
async function changeConfig(change: object) {
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...(await json("config.json")), ...change }))
}

describe("a model folder", () => {
  it.each([
    ["gpt2", GPT2],
    ["gpt2", { ...GPT2, tie_word_embeddings: false, n_inner: 20 }],
    ["llama", LLAMA],
    ["llama", { ...LLAMA, tie_word_embeddings: true, attention_bias: true }],
  ])("%s: keeps config and every bit of the weights", async (modelType, config) => {
    const made = await create(modelType, config)
    await made.save(folder)
    const loaded = await load()
    expect(loaded.notices).toEqual([])
    expect(loaded.description).toEqual(made.description)
    expect(loaded.config).toMatchObject(made.config)
    expect(await numbersOf(loaded)).toEqual(await numbersOf(made))
    expect(loaded.outputWeight.path).toBe(made.outputWeight.path)
    expect((await readdir(folder)).sort()).toEqual(["config.json", "generation_config.json", "model.safetensors"])
  })
  it("is what other readers of such folders look for", async () => {
    await (await create("llama", LLAMA)).save(folder)
    expect(await json("config.json")).toMatchObject({
      architectures: ["LlamaForCausalLM"],
      model_type: "llama",
      dtype: "float32",
      torch_dtype: "float32",
      rope_theta: 500_000,
      rope_scaling: { rope_type: "linear", type: "linear", factor: 2 },
      rope_parameters: { rope_type: "linear", factor: 2, rope_theta: 500_000 },
    })
    expect(await json("generation_config.json")).toEqual({ bos_token_id: 1, eos_token_id: 2 })
    const file = await SafetensorsFile.open(join(folder, "model.safetensors"))
    expect(file.metadata["format"]).toBe("pt")
    expect(file.tensor("model.layers.1.self_attn.k_proj.weight").shape).toEqual([8, 16])
    expect(file.tensor("lm_head.weight").type).toBe("F32")
    await file.close()
  })
  it("keeps GPT-2's matrices [in, out], as its checkpoints have them", async () => {
    await (await create("gpt2", GPT2)).save(folder)
    const file = await SafetensorsFile.open(join(folder, "model.safetensors"))
    expect(file.tensor("transformer.h.0.attn.c_attn.weight").shape).toEqual([12, 36])
    expect(file.tensor("transformer.h.1.mlp.c_proj.weight").shape).toEqual([48, 12])
    expect(file.tensors.has("lm_head.weight")).toBe(false)
    await file.close()
  })
  it("may hold bfloat16", async () => {
    const made = await create("llama", LLAMA)
    await made.save(folder, { dtype: "bf16" })
    expect(await json("config.json")).toMatchObject({ dtype: "bfloat16", torch_dtype: "bfloat16" })
    const rounded = (await numbersOf(made)).map(([path, numbers]) => [path, (numbers as Float32Array).map(roundToBf16)])
    expect(await numbersOf(await load())).toEqual(rounded)
  })
  it("may hold its weights in shards; the files of an earlier save do not stay", async () => {
    const made = await create("llama", LLAMA)
    await made.save(folder)
    await made.save(folder, { largestFileBytes: 4000 })
    const names = await readdir(folder)
    expect(names).not.toContain("model.safetensors")
    expect(names.filter((name) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name)).length).toBeGreaterThan(3)
    const { metadata, weight_map } = await json("model.safetensors.index.json")
    expect(metadata.total_size).toBe(4 * made.description.parameters)
    expect(Object.keys(weight_map)).toEqual(made.parameters.specs.map(({ path }) => path))
    expect(await numbersOf(await load())).toEqual(await numbersOf(made))
    await made.save(folder)
    expect((await readdir(folder)).sort()).toEqual(["config.json", "generation_config.json", "model.safetensors"])
  })
  it("keeps sampling defaults, foreign keys and foreign files", async () => {
    await (await create("gpt2", GPT2)).save(folder)
    await writeFile(join(folder, "tokenizer.json"), "{}")
    await writeFile(join(folder, "generation_config.json"), JSON.stringify({ temperature: 0.6, eos_token_id: [5, 6] }))
    await changeConfig({ from_the_future: 1, n_ctx: 8 })
    const loaded = await load()
    expect(loaded.generation).toEqual({ temperature: 0.6, eos_token_id: [5, 6] })
    expect(loaded.notices).toEqual([expect.stringContaining("keys that gpt2 does not read: from_the_future.")])
    await loaded.save(folder)
    expect(await json("config.json")).toMatchObject({ from_the_future: 1, n_ctx: 8 })
    expect(await json("generation_config.json")).toMatchObject({ temperature: 0.6, eos_token_id: [5, 6] })
    expect(await readdir(folder)).toContain("tokenizer.json")
  })
})

describe("checkpoints as they are found", () => {
  it("GPT-2's original file has no prefix and holds masks", async () => {
    const made = await create("gpt2", GPT2)
    await made.save(folder)
    await rewrite((tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name)
        tensors.set(name.replace("transformer.", ""), tensor)
      }
      tensors.set("h.0.attn.bias", { shape: [1, 1, 8, 8], numbers: new Float32Array(64) })
      tensors.set("h.1.attn.masked_bias", { shape: [], numbers: Float32Array.of(-1e4) })
    })
    expect(await numbersOf(await load())).toEqual(await numbersOf(made))
  })
  it("Llama files may lack the prefix and hold rotary buffers", async () => {
    const made = await create("llama", LLAMA)
    await made.save(folder)
    await rewrite((tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name)
        tensors.set(name.replace("model.", ""), tensor)
      }
      tensors.set("layers.0.self_attn.rotary_emb.inv_freq", { shape: [2], numbers: new Float32Array(2) })
    })
    expect(await numbersOf(await load())).toEqual(await numbersOf(made))
  })
  it("a prefix may stand where none belongs", async () => {
    const made = await create("llama", LLAMA)
    await made.save(folder)
    await rewrite((tensors) => {
      const head = tensors.get("lm_head.weight")
      tensors.delete("lm_head.weight")
      if (head) tensors.set("model.lm_head.weight", head)
    })
    expect(await numbersOf(await load())).toEqual(await numbersOf(made))
  })
  it("tied: a repeated copy is dropped, a lone copy serves for both, and two that differ are not tied", async () => {
    const made = await create("gpt2", GPT2)
    await made.save(folder)
    await rewrite((tensors) => {
      tensors.set("lm_head.weight", tensors.get("transformer.wte.weight") as never)
    })
    const repeated = await load()
    expect(repeated.parameters.has("lm_head.weight")).toBe(false)
    expect(await numbersOf(repeated)).toEqual(await numbersOf(made))
    await rewrite((tensors) => {
      tensors.delete("transformer.wte.weight")
    })
    expect(await numbersOf(await load())).toEqual(await numbersOf(made))
    await made.save(folder)
    await rewrite((tensors) => {
      const { shape, numbers } = tensors.get("transformer.wte.weight") as { shape: number[]; numbers: Float32Array }
      tensors.set("lm_head.weight", { shape, numbers: numbers.map((value) => value + 1) })
    })
    const untied = await load()
    expect(untied.config["tie_word_embeddings"]).toBe(false)
    expect(untied.outputWeight.path).toBe("lm_head.weight")
    expect(untied.notices).toEqual([expect.stringContaining("differ, so they are not tied")])
    expect(untied.description.parameters).toBe(made.description.parameters + 11 * 12)
  })
  it("what is missing, unexpected or of another shape is told in one line", async () => {
    await (await create("llama", LLAMA)).save(folder)
    await rewrite((tensors) => {
      for (const name of ["q_proj", "k_proj", "v_proj", "o_proj"])
        tensors.delete(`model.layers.1.self_attn.${name}.weight`)
      tensors.set("model.layers.2.mlp.up_proj.weight", { shape: [1], numbers: new Float32Array(1) })
      tensors.set("model.norm.weight", { shape: [2], numbers: new Float32Array(2) })
    })
    const error = await load().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: "CHECKPOINT_MISMATCH" })
    const { message } = error as Error
    expect(message).toContain("came 4 missing (model.layers.1.self_attn.q_proj.weight, ")
    expect(message).toContain("and 1 more); 1 unexpected (model.layers.2.mlp.up_proj.weight); ")
    expect(message).toContain("1 of another shape (model.norm.weight [2] for [16])")
    expect(message).not.toContain("\n")
  })
})

describe("folders that are no model", () => {
  const fault = (code: string, text: string) =>
    expect.objectContaining({ code, message: expect.stringContaining(text) })
  it.each([
    [
      "no folder",
      () => rm(folder, { recursive: true }).then(() => writeFile(folder, "")),
      "MODEL_NOT_FOUND",
      "config.json",
    ],
    ["no config", () => rm(join(folder, "config.json")), "MODEL_NOT_FOUND", "came a folder without config.json"],
    ["no weights", () => rm(join(folder, "model.safetensors")), "CHECKPOINT_DAMAGED", "came neither"],
    [
      "config of no JSON",
      () => truncate(join(folder, "config.json"), 30),
      "CHECKPOINT_DAMAGED",
      "config.json: wanted JSON",
    ],
    ["an unknown family", () => changeConfig({ model_type: "gpt3" }), "FAMILY_UNKNOWN", "did you mean gpt2?"],
    ["an impossible config", () => changeConfig({ n_head: 5 }), "CONFIG_INVALID", "config.json: n_head"],
    ["another model's config", () => changeConfig({ n_embd: 24 }), "CHECKPOINT_MISMATCH", "of another shape"],
    [
      "truncated weights",
      () => truncate(join(folder, "model.safetensors"), 5000),
      "CHECKPOINT_DAMAGED",
      "model.safetensors: ",
    ],
  ])("%s", async (_, damage, code, text) => {
    await (await create("gpt2", GPT2)).save(folder)
    await damage()
    await expect(load()).rejects.toEqual(fault(code, text))
  })
  it("weights of another format are named", async () => {
    await (await create("gpt2", GPT2)).save(folder)
    await rm(join(folder, "model.safetensors"))
    await writeFile(join(folder, "pytorch_model.bin"), "")
    await expect(load()).rejects.toEqual(
      fault("CHECKPOINT_DAMAGED", "came pytorch_model.bin; convert it to safetensors"),
    )
  })
  it("shards that are missing, or lie outside the folder, are told", async () => {
    const made = await create("gpt2", GPT2)
    await made.save(folder, { largestFileBytes: 4000 })
    const index = await json("model.safetensors.index.json")
    const [first] = Object.keys(index.weight_map)
    const withShard = (name: string) =>
      writeFile(
        join(folder, "model.safetensors.index.json"),
        JSON.stringify({ ...index, weight_map: { ...index.weight_map, [first]: name } }),
      )
    await withShard("../elsewhere.safetensors")
    await expect(load()).rejects.toEqual(fault("CHECKPOINT_DAMAGED", "names of .safetensors files beside it"))
    await withShard(index.weight_map["transformer.ln_f.bias"])
    await expect(load()).rejects.toEqual(fault("CHECKPOINT_DAMAGED", `the tensor ${first}`))
    await withShard("model-00099-of-00099.safetensors")
    await expect(load()).rejects.toEqual(fault("CHECKPOINT_DAMAGED", "the shard model-00099-of-00099.safetensors"))
  })
})

describe("a new model", () => {
  it("is the same for the same seed", async () => {
    expect(await numbersOf(await create("gpt2", GPT2))).toEqual(await numbersOf(await create("gpt2", GPT2)))
  })
  it("refuses keys and families it does not have", async () => {
    await expect(create("gpt2", { n_layers: 2 })).rejects.toThrow("did you mean n_layer?")
    await expect(create("gpt-2", {})).rejects.toMatchObject({ code: "FAMILY_UNKNOWN" })
  })
})
