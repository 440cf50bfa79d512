/** `gpt2` in GGUF: matrices lie [out, in], the other way round than in Hugging Face's files; the GELU is the tanh one. */
import { invariant } from "../../errors.ts"
import { type Gpt2Config, gpt2 } from "../families/index.ts"
import {
  counts,
  type GgufArchitecture,
  inexpressible,
  needed,
  renamed,
  shortestOfFloat32,
  specialIdsJson,
} from "./gguf-architecture.ts"

const OUTSIDE = {
  "transformer.wte": "token_embd",
  "transformer.wpe": "position_embd",
  "transformer.ln_f": "output_norm",
  lm_head: "output",
}
const LAYER = {
  ln_1: "attn_norm",
  "attn.c_attn": "attn_qkv",
  "attn.c_proj": "attn_output",
  ln_2: "ffn_norm",
  "mlp.c_fc": "ffn_up",
  "mlp.c_proj": "ffn_down",
}
/** Names of the GELU that GGUF means; the first is what config.json gets. */
const ACTIVATIONS = ["gelu_new", "gelu_pytorch_tanh", "gelu_fast"]
const EPSILON = "gpt2.attention.layer_norm_epsilon"

export const ggufGpt2: GgufArchitecture<Gpt2Config> = {
  name: "gpt2",
  family: gpt2,
  async configJson(file) {
    const { metadata } = file
    const whole = (key: string) => needed(file, `gpt2.${key}`, metadata.whole(`gpt2.${key}`))
    const width = whole("embedding_length")
    const inner = whole("feed_forward_length")
    return {
      model_type: "gpt2",
      vocab_size: file.tensor("token_embd.weight").shape[0],
      n_positions: whole("context_length"),
      n_embd: width,
      n_layer: whole("block_count"),
      n_head: whole("attention.head_count"),
      ...(inner === 4 * width ? {} : { n_inner: inner }),
      activation_function: ACTIVATIONS[0],
      layer_norm_epsilon: shortestOfFloat32(needed(file, EPSILON, metadata.number(EPSILON))),
      ...specialIdsJson(file),
    }
  },
  *metadata(config) {
    const { activation_function, scale_attn_weights, scale_attn_by_inverse_layer_idx, n_embd } = config
    if (!ACTIVATIONS.includes(activation_function))
      throw inexpressible("activation_function", "gelu_new", activation_function)
    if (!scale_attn_weights) throw inexpressible("scale_attn_weights", "true", scale_attn_weights)
    if (scale_attn_by_inverse_layer_idx)
      throw inexpressible("scale_attn_by_inverse_layer_idx", "false", scale_attn_by_inverse_layer_idx)
    yield* counts({
      "gpt2.block_count": config.n_layer,
      "gpt2.context_length": config.n_positions,
      "gpt2.embedding_length": n_embd,
      "gpt2.feed_forward_length": config.n_inner ?? 4 * n_embd,
      "gpt2.attention.head_count": config.n_head,
      "gpt2.vocab_size": config.vocab_size,
    })
    yield [EPSILON, { type: "float32", value: config.layer_norm_epsilon }]
  },
  places: () => (path) => {
    const name = renamed(path, "transformer.h.", OUTSIDE, LAYER)
    invariant(name !== undefined, path, "a gpt2 parameter without a name in GGUF")
    const keeps = { "token_embd.weight": "table", "output.weight": "table", "position_embd.weight": "float32" } as const
    return {
      name,
      order: /\.c_\w+\.weight$/.test(path) ? "transposed" : "same",
      ...(Object.hasOwn(keeps, name) ? { keeps: keeps[name as keyof typeof keeps] } : {}),
    }
  },
  ignored: [],
}
