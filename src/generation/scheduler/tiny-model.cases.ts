/** Tiny random models for tests: two layers, width 16, 32 ids, query heads that share key heads, a context of 160. */
import { createExecutor, type Executor } from "../../engine/index.ts"
import { CausalLanguageModel } from "../../models/index.ts"

const CONFIGS = {
  llama: {
    vocab_size: 32,
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 160,
    initializer_range: 0.4,
    bos_token_id: 1,
    eos_token_id: null,
  },
  gpt2: {
    vocab_size: 32,
    n_embd: 16,
    n_layer: 2,
    n_head: 2,
    n_positions: 160,
    initializer_range: 0.3,
    bos_token_id: null,
    eos_token_id: 0,
  },
} as const

/** @param executor  the float64 reference when left out */
export function tinyModel(
  modelType: keyof typeof CONFIGS = "llama",
  executor: Executor = createExecutor({ kind: "reference" }),
  changes: Readonly<Record<string, unknown>> = {},
): Promise<CausalLanguageModel> {
  return CausalLanguageModel.create({ modelType, config: { ...CONFIGS[modelType], ...changes }, seed: 7, executor })
}

/** Ids that look random and are the same each time. */
export function someIds(count: number, seed = 1): number[] {
  return Array.from({ length: count }, (_, index) => ((index + seed) * (index + 7 * seed + 3) + seed) % 32)
}
