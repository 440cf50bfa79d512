/**
 * Llama: the pre-norm transformer that most open models vary.
 *
 * Papers: Touvron et al. 2023, arXiv:2302.13971 (1) and arXiv:2307.09288 (2); Grattafiori et al. 2024, arXiv:2407.21783
 * (3, and the `llama3` scaling of positions). Reference: `modeling_llama.py` of Hugging Face transformers. It differs from
 * gpt2 in that positions turn queries and keys (rotary, halves paired), norms are RMSNorm, linear maps have no biases and
 * are kept [out, in], several query heads may share a key head, and the feed-forward is gated (SwiGLU).
 */
import { z } from "zod"
import { add, type Tensor } from "../../engine/index.ts"
import {
  ACTIVATION_NAMES,
  type AttentionContext,
  countParameters,
  gatedFeedForward,
  joinHeads,
  linear,
  linearSpecs,
  linears,
  Module,
  matrixSpec,
  namedRmsNorm,
  type ParameterSpec,
  rmsNormSpecs,
  rotary,
  rotaryTables,
  splitHeads,
  tableRows,
  wantedRows,
} from "../layers/index.ts"
import {
  COMMON_IGNORED_KEYS,
  type ConfigFault,
  deviation,
  faults,
  flag,
  layerCount,
  optionalTokenId,
  orNull,
  positive,
  size,
  specialIds,
  tokenIds,
  unsupported,
} from "./config.ts"
import type { Family } from "./family.ts"
import { readRope, ropeFields } from "./rope-config.ts"

const fields = z.looseObject({
  model_type: z.literal("llama", "llama").default("llama"),
  vocab_size: size().default(32000),
  hidden_size: size().default(4096),
  /** Width inside the feed-forward. */
  intermediate_size: size().default(11008),
  num_hidden_layers: layerCount().default(32),
  num_attention_heads: size().default(32),
  /** Heads of keys and values; as many as query heads when null. */
  num_key_value_heads: orNull(size()),
  /** Features of one head; the width divided by the heads when null. */
  head_dim: orNull(size()),
  hidden_act: z.enum(ACTIVATION_NAMES, `one of ${ACTIVATION_NAMES.join(", ")}`).default("silu"),
  /** Context length. */
  max_position_embeddings: size().default(2048),
  initializer_range: deviation().default(0.02),
  /** Residual projections begin smaller by √(2·layers), as GPT-2's do. Not in others' files. */
  scale_residual_initializer: flag().default(false),
  rms_norm_eps: positive().default(1e-6),
  tie_word_embeddings: flag().default(false),
  attention_bias: flag().default(false),
  mlp_bias: flag().default(false),
  bos_token_id: optionalTokenId().default(1),
  eos_token_id: tokenIds().default(2),
  quantization_config: unsupported("weights that are not quantized", [null]),
  ...ropeFields,
})

const configSchema = fields
  .check(faults(findFault))
  .transform((config, context) => ({ ...config, ...readRope(config, context) }))

export type LlamaConfig = z.output<typeof configSchema>

function findFault(config: z.output<typeof fields>): ConfigFault | undefined {
  const { hidden_size, num_attention_heads } = config
  const { heads, kvHeads, headSize } = headSizes(config)
  if (config.head_dim === null && hidden_size % num_attention_heads)
    return {
      key: "num_attention_heads",
      wanted: "a head count that divides hidden_size",
      came: `${num_attention_heads} heads, width ${hidden_size}`,
    }
  if (heads % kvHeads)
    return {
      key: "num_key_value_heads",
      wanted: "a count that divides num_attention_heads",
      came: `${kvHeads} for ${heads} heads`,
    }
  if (headSize % 2)
    return { key: "head_dim", wanted: "an even head size, as positions turn pairs", came: `${headSize}` }
  return undefined
}

function headSizes(config: z.output<typeof fields> | LlamaConfig) {
  const heads = config.num_attention_heads
  return {
    heads,
    kvHeads: config.num_key_value_heads ?? heads,
    headSize: config.head_dim ?? config.hidden_size / heads,
  }
}

/** What is the same for every layer of one forward pass. */
interface Surroundings {
  readonly config: LlamaConfig
  readonly attention: AttentionContext
  /** Turns heads by their rows' positions. */
  readonly turn: (heads: Tensor) => Tensor
  /** Rows that the last layer goes on with behind its attention; all when undefined. */
  readonly wanted: Tensor | undefined
}

function wantedBehind(layerIndex: number, { config, wanted }: Surroundings): Tensor | undefined {
  return layerIndex === config.num_hidden_layers - 1 ? wanted : undefined
}

/** Causal self-attention, query heads in groups that share a key head. @shape x [rows, width], returns [rows, width] */
function attend(module: Module, x: Tensor, layerIndex: number, around: Surroundings): Tensor {
  const { config, attention, turn } = around
  const { heads, kvHeads, headSize } = headSizes(config)
  const projection = linears(module, ["q_proj", "k_proj", "v_proj"], x)
  const queries = turn(splitHeads(projection("q_proj"), heads)) // [rows, heads, headSize]
  const keys = turn(splitHeads(projection("k_proj"), kvHeads)) // [rows, kvHeads, headSize]
  const values = splitHeads(projection("v_proj"), kvHeads)
  const settings = { scale: 1 / Math.sqrt(headSize), longest: config.max_position_embeddings }
  const seen = joinHeads(attention.attend(layerIndex, queries, keys, values, settings))
  return linear(module, "o_proj", wantedRows(seen, wantedBehind(layerIndex, around)))
}

/** @shape residual [rows, width], returns [rows, width] */
function block(layer: Module, residual: Tensor, layerIndex: number, around: Surroundings): Tensor {
  const { rms_norm_eps, hidden_act } = around.config
  const beforeAttention = namedRmsNorm(layer, "input_layernorm", residual, rms_norm_eps)
  const attended = layer.within("self_attn", (module) => attend(module, beforeAttention, layerIndex, around))
  const middle = add(wantedRows(residual, wantedBehind(layerIndex, around)), attended)
  const beforeFeedForward = namedRmsNorm(layer, "post_attention_layernorm", middle, rms_norm_eps)
  return add(
    middle,
    layer.within("mlp", (module) => gatedFeedForward(module, beforeFeedForward, hidden_act)),
  )
}

function parameterSpecs(config: LlamaConfig): ParameterSpec[] {
  const { hidden_size, intermediate_size, num_hidden_layers, vocab_size, initializer_range } = config
  const { heads, kvHeads, headSize } = headSizes(config)
  const residualDeviation = config.scale_residual_initializer
    ? initializer_range / Math.sqrt(2 * num_hidden_layers)
    : initializer_range
  const map = (path: string, inputs: number, outputs: number, bias: boolean, deviation = initializer_range) =>
    linearSpecs(path, { inputs, outputs, bias, deviation })
  const layers = Array.from({ length: num_hidden_layers }, (_, index) => `model.layers.${index}`)
  return [
    matrixSpec("model.embed_tokens.weight", [vocab_size, hidden_size], initializer_range),
    ...layers.flatMap((layer) => [
      ...rmsNormSpecs(`${layer}.input_layernorm`, hidden_size),
      ...map(`${layer}.self_attn.q_proj`, hidden_size, heads * headSize, config.attention_bias),
      ...map(`${layer}.self_attn.k_proj`, hidden_size, kvHeads * headSize, config.attention_bias),
      ...map(`${layer}.self_attn.v_proj`, hidden_size, kvHeads * headSize, config.attention_bias),
      ...map(`${layer}.self_attn.o_proj`, heads * headSize, hidden_size, config.attention_bias, residualDeviation),
      ...rmsNormSpecs(`${layer}.post_attention_layernorm`, hidden_size),
      ...map(`${layer}.mlp.gate_proj`, hidden_size, intermediate_size, config.mlp_bias),
      ...map(`${layer}.mlp.up_proj`, hidden_size, intermediate_size, config.mlp_bias),
      ...map(`${layer}.mlp.down_proj`, intermediate_size, hidden_size, config.mlp_bias, residualDeviation),
    ]),
    ...rmsNormSpecs("model.norm", hidden_size),
    ...(config.tie_word_embeddings ? [] : [matrixSpec("lm_head.weight", [vocab_size, hidden_size], initializer_range)]),
  ]
}

export const llama: Family<LlamaConfig> = {
  modelType: "llama",
  architecture: "LlamaForCausalLM",
  configSchema,
  configKeys: Object.keys(fields.shape),
  ignoredConfigKeys: [...COMMON_IGNORED_KEYS, "attention_dropout", "pretraining_tp"],
  describe: (config) => ({
    modelType: "llama",
    layers: config.num_hidden_layers,
    width: config.hidden_size,
    ...headSizes(config),
    context: config.max_position_embeddings,
    vocabularySize: config.vocab_size,
    parameters: countParameters(parameterSpecs(config)),
    ...specialIds(config),
  }),
  parameterSpecs,
  hidden: (config, parameters, { tokens, positions, attention, context, wanted }) =>
    new Module(parameters).within("model", (model) => {
      const covered = Math.min(context ?? config.max_position_embeddings, config.max_position_embeddings)
      const turn = rotary(rotaryTables(config.rope_parameters, headSizes(config).headSize, covered), positions)
      let residual = model.within("embed_tokens", (table) => tableRows(table.get("weight"), tokens)) // [rows, width]
      for (let index = 0; index < config.num_hidden_layers; index++)
        residual = model.within(`layers.${index}`, (layer) =>
          block(layer, residual, index, { config, attention, turn, wanted }),
        )
      return namedRmsNorm(model, "norm", residual, config.rms_norm_eps)
    }),
  outputWeight: (config, parameters) =>
    parameters.get(config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight"),
  checkpoint: {
    prefix: "model.",
    ignored: [/(^|\.)rotary_emb\.inv_freq$/], // a buffer of old files
    tied: (config): Record<string, string> =>
      config.tie_word_embeddings ? { "lm_head.weight": "model.embed_tokens.weight" } : {},
    untied: (config) => ({ ...config, tie_word_embeddings: false }),
  },
}
