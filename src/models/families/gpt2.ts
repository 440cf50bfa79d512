/**
 * GPT-2: the plain pre-norm transformer.
 *
 * Paper: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners". Reference: `modeling_gpt2.py` of
 * Hugging Face transformers. It differs from llama in that positions are learned rows added to the tokens' (no rotation),
 * norms are LayerNorm with a bias, linear maps have biases and are kept [in, out], queries, keys and values come from one
 * of them, and the feed-forward is two maps around a GELU. Dropout settings are read and kept, not applied.
 */
import { z } from "zod"
import { add, split, type Tensor } from "../../engine/index.ts"
import {
  ACTIVATION_NAMES,
  type AttentionContext,
  countParameters,
  joinHeads,
  layerNormSpecs,
  linearInOut,
  linearInOutSpecs,
  Module,
  matrixSpec,
  namedLayerNorm,
  type ParameterSpec,
  plainFeedForward,
  splitHeads,
  tableRows,
  wantedRows,
} from "../layers/index.ts"
import {
  COMMON_IGNORED_KEYS,
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

const fields = z.looseObject({
  model_type: z.literal("gpt2", "gpt2").default("gpt2"),
  vocab_size: size().default(50257),
  /** Context length. */
  n_positions: size().default(1024),
  /** Width. */
  n_embd: size().default(768),
  n_layer: layerCount().default(12),
  n_head: size().default(12),
  /** Width inside the feed-forward; four times the width when null. */
  n_inner: orNull(size()),
  activation_function: z.enum(ACTIVATION_NAMES, `one of ${ACTIVATION_NAMES.join(", ")}`).default("gelu_new"),
  layer_norm_epsilon: positive().default(1e-5),
  initializer_range: deviation().default(0.02),
  /** Residual projections begin smaller by √(2·layers), so that the residual stream begins at one size. Not in others' files. */
  scale_residual_initializer: flag().default(true),
  scale_attn_weights: flag().default(true),
  scale_attn_by_inverse_layer_idx: flag().default(false),
  tie_word_embeddings: flag().default(true),
  bos_token_id: optionalTokenId().default(50256),
  eos_token_id: tokenIds().default(50256),
  add_cross_attention: unsupported("false: this is a decoder without an encoder", [false]),
  quantization_config: unsupported("weights that are not quantized", [null]),
})

const configSchema = fields.check(
  faults(({ n_embd, n_head }) =>
    n_embd % n_head
      ? { key: "n_head", wanted: "a head count that divides the width", came: `${n_head} heads, width ${n_embd}` }
      : undefined,
  ),
)

export type Gpt2Config = z.output<typeof configSchema>

/** What is the same for every layer of one forward pass. */
interface Surroundings {
  readonly config: Gpt2Config
  readonly attention: AttentionContext
  /** Rows that the last layer goes on with behind its attention; all when undefined. */
  readonly wanted: Tensor | undefined
}

function wantedBehind(layerIndex: number, { config, wanted }: Surroundings): Tensor | undefined {
  return layerIndex === config.n_layer - 1 ? wanted : undefined
}

/** Causal self-attention. @shape x [rows, width], returns [rows, width] */
function attend(module: Module, x: Tensor, layerIndex: number, around: Surroundings): Tensor {
  const { config, attention } = around
  const { n_embd, n_head } = config
  const joined = linearInOut(module, "c_attn", x) // [rows, 3 · width]: queries, keys, values
  const [queries, keys, values] = split(joined, [n_embd, n_embd, n_embd]).map((part) => splitHeads(part, n_head))
  const headScale = config.scale_attn_weights ? 1 / Math.sqrt(n_embd / n_head) : 1
  const scale = config.scale_attn_by_inverse_layer_idx ? headScale / (layerIndex + 1) : headScale
  const settings = { scale, longest: config.n_positions }
  const seen = joinHeads(attention.attend(layerIndex, queries, keys, values, settings))
  return linearInOut(module, "c_proj", wantedRows(seen, wantedBehind(layerIndex, around)))
}

/** @shape residual [rows, width], returns [rows, width] */
function block(layer: Module, residual: Tensor, layerIndex: number, around: Surroundings): Tensor {
  const { config } = around
  const epsilon = config.layer_norm_epsilon
  const beforeAttention = namedLayerNorm(layer, "ln_1", residual, epsilon)
  const attended = layer.within("attn", (module) => attend(module, beforeAttention, layerIndex, around))
  const middle = add(wantedRows(residual, wantedBehind(layerIndex, around)), attended)
  const beforeFeedForward = namedLayerNorm(layer, "ln_2", middle, epsilon)
  const fed = layer.within("mlp", (module) => plainFeedForward(module, beforeFeedForward, config.activation_function))
  return add(middle, fed)
}

function parameterSpecs(config: Gpt2Config): ParameterSpec[] {
  const { n_embd, n_layer, vocab_size, initializer_range } = config
  const inner = config.n_inner ?? 4 * n_embd
  const residualDeviation = config.scale_residual_initializer
    ? initializer_range / Math.sqrt(2 * n_layer)
    : initializer_range
  const map = (path: string, inputs: number, outputs: number, deviation = initializer_range) =>
    linearInOutSpecs(path, { inputs, outputs, deviation })
  const layers = Array.from({ length: n_layer }, (_, index) => `transformer.h.${index}`)
  return [
    matrixSpec("transformer.wte.weight", [vocab_size, n_embd], initializer_range),
    matrixSpec("transformer.wpe.weight", [config.n_positions, n_embd], initializer_range),
    ...layers.flatMap((layer) => [
      ...layerNormSpecs(`${layer}.ln_1`, n_embd),
      ...map(`${layer}.attn.c_attn`, n_embd, 3 * n_embd),
      ...map(`${layer}.attn.c_proj`, n_embd, n_embd, residualDeviation),
      ...layerNormSpecs(`${layer}.ln_2`, n_embd),
      ...map(`${layer}.mlp.c_fc`, n_embd, inner),
      ...map(`${layer}.mlp.c_proj`, inner, n_embd, residualDeviation),
    ]),
    ...layerNormSpecs("transformer.ln_f", n_embd),
    ...(config.tie_word_embeddings ? [] : [matrixSpec("lm_head.weight", [vocab_size, n_embd], initializer_range)]),
  ]
}

export const gpt2: Family<Gpt2Config> = {
  modelType: "gpt2",
  architecture: "GPT2LMHeadModel",
  configSchema,
  configKeys: Object.keys(fields.shape),
  ignoredConfigKeys: [
    ...COMMON_IGNORED_KEYS,
    "attn_pdrop",
    "embd_pdrop",
    "n_ctx",
    "predict_special_tokens",
    "reorder_and_upcast_attn",
    "resid_pdrop",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
  ],
  describe: (config) => ({
    modelType: "gpt2",
    layers: config.n_layer,
    width: config.n_embd,
    heads: config.n_head,
    kvHeads: config.n_head,
    headSize: config.n_embd / config.n_head,
    context: config.n_positions,
    vocabularySize: config.vocab_size,
    parameters: countParameters(parameterSpecs(config)),
    ...specialIds(config),
  }),
  parameterSpecs,
  hidden: (config, parameters, { tokens, positions, attention, wanted }) =>
    new Module(parameters).within("transformer", (transformer) => {
      const tokenRows = transformer.within("wte", (table) => tableRows(table.get("weight"), tokens))
      const positionRows = transformer.within("wpe", (table) => tableRows(table.get("weight"), positions))
      let residual = add(tokenRows, positionRows) // [rows, width]
      for (let index = 0; index < config.n_layer; index++)
        residual = transformer.within(`h.${index}`, (layer) =>
          block(layer, residual, index, { config, attention, wanted }),
        )
      return namedLayerNorm(transformer, "ln_f", residual, config.layer_norm_epsilon)
    }),
  outputWeight: (config, parameters) =>
    parameters.get(config.tie_word_embeddings ? "transformer.wte.weight" : "lm_head.weight"),
  checkpoint: {
    prefix: "transformer.",
    ignored: [/(^|\.)h\.\d+\.attn\.(bias|masked_bias)$/], // causal masks kept as buffers
    tied: (config): Record<string, string> =>
      config.tie_word_embeddings ? { "lm_head.weight": "transformer.wte.weight" } : {},
    untied: (config) => ({ ...config, tie_word_embeddings: false }),
  },
}
