import { describe, expect, it } from "vitest"
import { GlossaError } from "../../errors.ts"
import { countParameters } from "../layers/index.ts"
import { FAMILIES, familyOf, gpt2, llama, parseConfig, unknownConfigKeys } from "./index.ts"

const where = "config.json"
const kept = { where, unknownKeys: "keep" } as const
const gpt2Config = (json: object) => parseConfig(gpt2, json, kept)
const llamaConfig = (json: object) => parseConfig(llama, json, kept)

function faultOf(action: () => unknown): GlossaError {
  try {
    action()
  } catch (error) {
    if (error instanceof GlossaError) return error
    throw error
  }
  throw new Error("nothing was thrown")
}

/** Llama 3.2 1B's config.json, with the keys of the file on the hub. */
const LLAMA_3_2_1B = {
  architectures: ["LlamaForCausalLM"],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 128000,
  eos_token_id: [128001, 128008, 128009],
  head_dim: 64,
  hidden_act: "silu",
  hidden_size: 2048,
  initializer_range: 0.02,
  intermediate_size: 8192,
  max_position_embeddings: 131072,
  mlp_bias: false,
  model_type: "llama",
  num_attention_heads: 32,
  num_hidden_layers: 16,
  num_key_value_heads: 8,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 32.0,
    high_freq_factor: 4.0,
    low_freq_factor: 1.0,
    original_max_position_embeddings: 8192,
    rope_type: "llama3",
  },
  rope_theta: 500000.0,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  transformers_version: "4.45.0.dev0",
  use_cache: true,
  vocab_size: 128256,
}

describe("sizes", () => {
  it("counts GPT-2's parameters as its paper's successors do: 124,439,808", () => {
    const config = gpt2Config({})
    expect(gpt2.describe(config)).toEqual({
      modelType: "gpt2",
      layers: 12,
      width: 768,
      heads: 12,
      kvHeads: 12,
      headSize: 64,
      context: 1024,
      vocabularySize: 50257,
      parameters: 124_439_808,
      bosId: 50256,
      eosIds: [50256],
    })
    expect(countParameters(gpt2.parameterSpecs(gpt2Config({ tie_word_embeddings: false })))).toBe(
      124_439_808 + 50257 * 768,
    )
  })
  it("counts Llama 3.2 1B's as its model card does: 1,235,814,400", () => {
    const config = llamaConfig(LLAMA_3_2_1B)
    const { parameters, kvHeads, headSize, bosId, eosIds } = llama.describe(config)
    expect({ parameters, kvHeads, headSize, bosId, eosIds }).toEqual({
      parameters: 1_235_814_400,
      kvHeads: 8,
      headSize: 64,
      bosId: 128000,
      eosIds: [128001, 128008, 128009],
    })
    expect(unknownConfigKeys(llama, LLAMA_3_2_1B)).toEqual([])
  })
  it("counts Llama 2 7B's, all of it defaults but the context: 6,738,415,616", () => {
    expect(llama.describe(llamaConfig({ max_position_embeddings: 4096 })).parameters).toBe(6_738_415_616)
  })
  it("leaves out ids of other vocabularies", () => {
    const { bosId, eosIds } = gpt2.describe(gpt2Config({ vocab_size: 1024 }))
    expect({ bosId, eosIds }).toEqual({ bosId: undefined, eosIds: [] })
  })
})

describe("initial numbers", () => {
  const deviationOf = (specs: ReturnType<typeof gpt2.parameterSpecs>, path: string) =>
    specs.find((spec) => spec.path === path)?.initial
  it("begins residual projections smaller in gpt2, and in llama where asked", () => {
    const small = { normal: 0.02 / Math.sqrt(24) }
    const specs = gpt2.parameterSpecs(gpt2Config({}))
    expect(deviationOf(specs, "transformer.h.3.attn.c_proj.weight")).toEqual(small)
    expect(deviationOf(specs, "transformer.h.3.mlp.c_proj.weight")).toEqual(small)
    expect(deviationOf(specs, "transformer.h.3.mlp.c_fc.weight")).toEqual({ normal: 0.02 })
    const plain = llama.parameterSpecs(llamaConfig({ num_hidden_layers: 12 }))
    expect(deviationOf(plain, "model.layers.3.mlp.down_proj.weight")).toEqual({ normal: 0.02 })
    const scaled = llama.parameterSpecs(llamaConfig({ num_hidden_layers: 12, scale_residual_initializer: true }))
    expect(deviationOf(scaled, "model.layers.3.mlp.down_proj.weight")).toEqual(small)
    expect(deviationOf(scaled, "model.layers.3.self_attn.o_proj.weight")).toEqual(small)
  })
  it("decays matrices only", () => {
    for (const family of Object.values(FAMILIES))
      for (const { shape, decays } of family.parameterSpecs(parseConfig(family, {}, kept)))
        expect(decays).toBe(shape.length === 2)
  })
})

describe("impossible configs", () => {
  it.each([
    [
      gpt2,
      { n_head: 7 },
      "config.json: n_head: wanted a head count that divides the width; came 7 heads, width 768. [CONFIG_INVALID]",
    ],
    [gpt2, { n_layer: -2 }, "config.json: n_layer: wanted a whole number from 1 to 10000; came -2. [CONFIG_INVALID]"],
    [gpt2, { n_layer: 2_000_000_000 }, "n_layer: wanted a whole number from 1 to 10000; came 2000000000"],
    [gpt2, { n_embd: "768" }, 'n_embd: wanted a whole number from 1 to 2147483647; came "768"'],
    [gpt2, { n_embd: 1.5 }, "n_embd: wanted a whole number from 1 to 2147483647; came 1.5"],
    [gpt2, { vocab_size: null }, "vocab_size: wanted a whole number from 1 to 2147483647; came null"],
    [
      gpt2,
      { activation_function: "tanh" },
      'activation_function: wanted one of gelu, gelu_fast, gelu_new, gelu_pytorch_tanh, relu, silu, swish; came "tanh"',
    ],
    [gpt2, { layer_norm_epsilon: 0 }, "layer_norm_epsilon: wanted a number above 0; came 0"],
    [gpt2, { add_cross_attention: true }, "add_cross_attention: wanted false"],
    [gpt2, { n_layer: 0, n_head: 0 }, "1 more to correct"],
    [
      llama,
      { num_attention_heads: 5 },
      "num_attention_heads: wanted a head count that divides hidden_size; came 5 heads, width 4096",
    ],
    [
      llama,
      { num_key_value_heads: 5 },
      "num_key_value_heads: wanted a count that divides num_attention_heads; came 5 for 32 heads",
    ],
    [
      llama,
      { num_key_value_heads: 64 },
      "num_key_value_heads: wanted a count that divides num_attention_heads; came 64 for 32 heads",
    ],
    [llama, { head_dim: 31 }, "head_dim: wanted an even head size, as positions turn pairs; came 31"],
    [
      llama,
      { hidden_size: 96, num_attention_heads: 32 },
      "head_dim: wanted an even head size, as positions turn pairs; came 3",
    ],
    [llama, { eos_token_id: [-1] }, "eos_token_id"],
    [llama, { rope_theta: 0 }, "rope_theta: wanted a base above 1; came 0"],
    [
      llama,
      { rope_scaling: { type: "mrope" } },
      'rope_scaling.rope_type: wanted a rope_type of default, linear, dynamic, llama3 or yarn; came "mrope"',
    ],
    [
      llama,
      { rope_scaling: { type: "linear", factor: 0.5 } },
      "rope_scaling.factor: wanted a factor of 1 or more; came 0.5",
    ],
    [
      llama,
      { rope_parameters: { rope_type: "llama3", factor: 8 } },
      "rope_parameters.low_freq_factor: wanted a number above 0; came nothing",
    ],
    [llama, { rope_scaling: 3 }, "rope_scaling: wanted an object of rotary settings, or null; came 3"],
    [
      llama,
      { quantization_config: { bits: 4 } },
      'quantization_config: wanted weights that are not quantized; came {"bits":4}',
    ],
    [llama, [], "config.json: wanted an object of settings; came []"],
  ])("%#: one clear line", (family, json, text) => {
    const fault = faultOf(() => parseConfig(family as typeof gpt2, json, kept))
    expect(fault.code).toBe("CONFIG_INVALID")
    expect(fault.message).toContain(text)
    expect(fault.message).not.toContain("\n")
  })
  it("names the nearest family of an unknown one", () => {
    expect(faultOf(() => familyOf("lama")).message).toBe(
      'model_type: wanted one of gpt2, llama; came "lama"; did you mean llama? [FAMILY_UNKNOWN]',
    )
    expect(faultOf(() => familyOf(undefined)).code).toBe("FAMILY_UNKNOWN")
    expect(faultOf(() => familyOf("toString")).code).toBe("FAMILY_UNKNOWN")
  })
  it("refuses an unknown key in what a person wrote, keeps it in a checkpoint's", () => {
    const json = { num_hidden_layer: 3, attention_dropout: 0.1 }
    const fault = faultOf(() => parseConfig(llama, json, { where: "recipe", unknownKeys: "refuse" }))
    expect(fault.message).toContain("recipe: num_hidden_layer: wanted a key of llama models")
    expect(fault.message).toContain("did you mean num_hidden_layers?")
    expect(llamaConfig(json)).toMatchObject(json)
    expect(unknownConfigKeys(llama, json)).toEqual(["num_hidden_layer"])
  })
})

describe("rotary settings", () => {
  const rope = (json: object) => {
    const { rope_parameters, rope_scaling, rope_theta } = llamaConfig(json)
    return { rope_parameters, rope_scaling, rope_theta }
  }
  it("writes old and new keys whichever it read", () => {
    const settings = { rope_type: "linear", factor: 2 }
    const expected = {
      rope_theta: 1e6,
      rope_scaling: { ...settings, type: "linear" },
      rope_parameters: { ...settings, rope_theta: 1e6 },
    }
    expect(rope({ rope_theta: 1e6, rope_scaling: settings })).toEqual(expected)
    expect(rope({ rope_parameters: { ...settings, rope_theta: 1e6 } })).toEqual(expected)
    expect(rope({ rope_parameters: { full_attention: { ...settings, rope_theta: 1e6 } } })).toEqual(expected)
    expect(rope({})).toEqual({
      rope_theta: 10_000,
      rope_scaling: null,
      rope_parameters: { rope_type: "default", rope_theta: 10_000 },
    })
  })
  it("changes nothing when it parses its own output", () => {
    for (const json of [{}, LLAMA_3_2_1B, { rope_scaling: { type: "yarn", factor: 4 } }]) {
      const once = llamaConfig(json)
      expect(llamaConfig(JSON.parse(JSON.stringify(once)))).toEqual(once)
    }
    const once = gpt2Config({ n_ctx: 1024, task_specific_params: { "text-generation": { do_sample: true } } })
    expect(gpt2Config(once)).toEqual(once)
  })
})
