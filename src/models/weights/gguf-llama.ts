/**
 * `llama` in GGUF. Its rotary positions turn neighbouring features, so that the rows of queries and keys lie in another
 * order than in Hugging Face's files. Llama 3's stretched positions are a tensor of divisors, `rope_freqs.weight`, whose
 * settings are found again by trying those that Meta's models have.
 */
import { GlossaError, invariant } from "../../errors.ts"
import type { GgufFile, GgufTensorToWrite, GgufValue } from "../../gguf/index.ts"
import { type LlamaConfig, llama } from "../families/index.ts"
import { type RotaryScaling, rotaryFrequencies } from "../layers/index.ts"
import {
  counts,
  type GgufArchitecture,
  inexpressible,
  needed,
  renamed,
  shortestOfFloat32,
  specialIdsJson,
} from "./gguf-architecture.ts"
import { readGgufNumbers } from "./gguf-numbers.ts"

const OUTSIDE = {
  "model.embed_tokens": "token_embd",
  "model.norm": "output_norm",
  lm_head: "output",
}
const LAYER = {
  input_layernorm: "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
}
const ROPE_DIVISORS = "rope_freqs.weight"
/** The ramp of every Llama 3 model with stretched positions. */
const LLAMA3_RAMP = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 }

export const ggufLlama: GgufArchitecture<LlamaConfig> = {
  name: "llama",
  family: llama,
  async configJson(file) {
    const { metadata } = file
    const whole = (key: string) => needed(file, `llama.${key}`, metadata.whole(`llama.${key}`))
    const width = whole("embedding_length")
    const heads = whole("attention.head_count")
    const headSize = metadata.whole("llama.attention.key_length")
    checkShape(file, headSize ?? width / heads)
    const theta = shortestOfFloat32(metadata.number("llama.rope.freq_base") ?? 10_000)
    return {
      model_type: "llama",
      vocab_size: file.tensor("token_embd.weight").shape[0],
      hidden_size: width,
      intermediate_size: whole("feed_forward_length"),
      num_hidden_layers: whole("block_count"),
      num_attention_heads: heads,
      num_key_value_heads: metadata.whole("llama.attention.head_count_kv") ?? heads,
      ...(headSize === undefined || headSize * heads === width ? {} : { head_dim: headSize }),
      max_position_embeddings: whole("context_length"),
      rms_norm_eps: shortestOfFloat32(
        needed(
          file,
          "llama.attention.layer_norm_rms_epsilon",
          metadata.number("llama.attention.layer_norm_rms_epsilon"),
        ),
      ),
      rope_theta: theta,
      rope_scaling: await scalingOf(file, theta, headSize ?? width / heads),
      attention_bias: file.tensors.has("blk.0.attn_q.bias"),
      mlp_bias: file.tensors.has("blk.0.ffn_gate.bias"),
      ...specialIdsJson(file),
    }
  },
  *metadata(config) {
    if (!["silu", "swish"].includes(config.hidden_act)) throw inexpressible("hidden_act", "silu", config.hidden_act)
    const { heads, kvHeads, headSize } = llama.describe(config)
    yield* counts({
      "llama.block_count": config.num_hidden_layers,
      "llama.context_length": config.max_position_embeddings,
      "llama.embedding_length": config.hidden_size,
      "llama.feed_forward_length": config.intermediate_size,
      "llama.attention.head_count": heads,
      "llama.attention.head_count_kv": kvHeads,
      "llama.rope.dimension_count": headSize,
      "llama.vocab_size": config.vocab_size,
      ...(headSize * heads === config.hidden_size
        ? {}
        : { "llama.attention.key_length": headSize, "llama.attention.value_length": headSize }),
    })
    yield ["llama.attention.layer_norm_rms_epsilon", { type: "float32", value: config.rms_norm_eps }]
    yield* ropeMetadata(config.rope_parameters)
  },
  places(config) {
    const { headSize } = llama.describe(config)
    return (path) => {
      const name = renamed(path, "model.layers.", OUTSIDE, LAYER)
      invariant(name !== undefined, path, "a llama parameter without a name in GGUF")
      return {
        name,
        order: /\.self_attn\.[qk]_proj\./.test(path) ? { pairedHeadSize: headSize } : "same",
        ...(name === "token_embd.weight" || name === "output.weight" ? { keeps: "table" } : {}),
      }
    }
  },
  otherTensors: ({ rope_parameters: scaling, ...config }): GgufTensorToWrite[] => {
    if (scaling.rope_type !== "llama3") return []
    const divisors = divisorsOf(scaling, llama.describe({ ...config, rope_parameters: scaling }).headSize)
    const read = async () => new Uint8Array(divisors.buffer)
    return [{ name: ROPE_DIVISORS, type: "F32", shape: [divisors.length], read }]
  },
  ignored: [/^rope_freqs\.weight$/, /\.rot_embd$/, /\.attn_rot_embd\.weight$/],
}

/** What this family's forward does not have; naming it beats computing something else. */
function checkShape({ metadata, path }: GgufFile, headSize: number): void {
  const refuse = (key: string, wanted: string, came: unknown) =>
    new GlossaError("CONFIG_INVALID", { where: `${path}: ${key}`, wanted, came: String(came) })
  const experts = metadata.whole("llama.expert_count") ?? 0
  if (experts > 0) throw refuse("llama.expert_count", "a model without experts", experts)
  const turned = metadata.whole("llama.rope.dimension_count") ?? headSize
  if (turned !== headSize)
    throw refuse("llama.rope.dimension_count", `positions that turn whole heads, ${headSize}`, turned)
  const valueSize = metadata.whole("llama.attention.value_length") ?? headSize
  if (valueSize !== headSize)
    throw refuse("llama.attention.value_length", `values as wide as keys, ${headSize}`, valueSize)
}

/** `rope_scaling` of config.json, or null. */
async function scalingOf(file: GgufFile, theta: number, headSize: number): Promise<Record<string, unknown> | null> {
  const { metadata } = file
  const number = (name: string) => {
    const value = metadata.number(`llama.rope.scaling.${name}`)
    return value === undefined ? undefined : shortestOfFloat32(value)
  }
  const type = metadata.text("llama.rope.scaling.type") ?? "none"
  if (file.tensors.has(ROPE_DIVISORS)) return llama3Of(file, theta, headSize)
  if (type === "none") return null
  if (type === "linear")
    return { rope_type: "linear", factor: needed(file, "llama.rope.scaling.factor", number("factor")) }
  if (type === "yarn")
    return {
      rope_type: "yarn",
      factor: needed(file, "llama.rope.scaling.factor", number("factor")),
      original_max_position_embeddings: metadata.whole("llama.rope.scaling.original_context_length"),
      ...(number("yarn_beta_fast") === undefined ? {} : { beta_fast: number("yarn_beta_fast") }),
      ...(number("yarn_beta_slow") === undefined ? {} : { beta_slow: number("yarn_beta_slow") }),
    }
  throw new GlossaError("CONFIG_INVALID", {
    where: `${file.path}: llama.rope.scaling.type`,
    wanted: "none, linear or yarn",
    came: JSON.stringify(type),
  })
}

/** Settings of Llama 3 whose divisors are those of the file. */
async function llama3Of(file: GgufFile, theta: number, headSize: number): Promise<Record<string, unknown>> {
  const divisors = await readGgufNumbers(file, ROPE_DIVISORS)
  const factor = divisors.reduce((most, divisor) => Math.max(most, divisor), 1)
  const scaling = { rope_type: "llama3", factor, ...LLAMA3_RAMP } as const
  const expected = divisorsOf({ ...scaling, rope_theta: theta }, headSize)
  if (
    divisors.length === expected.length &&
    divisors.every((divisor, pair) => Math.abs(divisor / expected[pair] - 1) < 1e-4)
  )
    return scaling
  throw new GlossaError("CONFIG_INVALID", {
    where: `${file.path}: ${ROPE_DIVISORS}`,
    wanted: "the divisors of Llama 3's positions (stretched beyond 8192, a ramp from 1 to 4)",
    came: `${divisors.length} others, up to ${factor}`,
  })
}

/** What the angles of each pair are divided by. */
function divisorsOf(scaling: RotaryScaling, headSize: number): Float32Array {
  const { frequencies: plain } = rotaryFrequencies({ rope_type: "default", rope_theta: scaling.rope_theta }, headSize)
  const { frequencies } = rotaryFrequencies(scaling, headSize)
  return Float32Array.from(plain, (frequency, pair) => frequency / frequencies[pair])
}

function* ropeMetadata(scaling: RotaryScaling): Iterable<[string, GgufValue]> {
  const float32 = (name: string, value: number): [string, GgufValue] => [
    `llama.rope.${name}`,
    { type: "float32", value },
  ]
  yield float32("freq_base", scaling.rope_theta)
  if (scaling.rope_type === "llama3") {
    // The divisors are a tensor; the ramp must be one that can be found again.
    for (const [key, value] of Object.entries(LLAMA3_RAMP))
      if (scaling[key as keyof typeof LLAMA3_RAMP] !== value)
        throw inexpressible(`rope_parameters.${key}`, String(value), scaling[key as keyof typeof LLAMA3_RAMP])
  } else if (scaling.rope_type === "linear" || scaling.rope_type === "yarn") {
    yield ["llama.rope.scaling.type", { type: "string", value: scaling.rope_type }]
    yield float32("scaling.factor", scaling.factor)
  }
  if (scaling.rope_type !== "yarn") return
  for (const key of ["mscale", "mscale_all_dim"] as const)
    if (scaling[key]) throw inexpressible(`rope_parameters.${key}`, "nothing", scaling[key])
  if (scaling.attention_factor)
    throw inexpressible("rope_parameters.attention_factor", "nothing", scaling.attention_factor)
  if (scaling.truncate === false) throw inexpressible("rope_parameters.truncate", "true", false)
  yield* counts({ "llama.rope.scaling.original_context_length": scaling.original_max_position_embeddings })
  if (scaling.beta_fast) yield float32("scaling.yarn_beta_fast", scaling.beta_fast)
  if (scaling.beta_slow) yield float32("scaling.yarn_beta_slow", scaling.beta_slow)
}
