/** A model small enough for the reference executor, and endless text for it: what the tests of this wing train. */
import { type Executor, philox, Store } from "../../engine/index.ts"
import { CausalLanguageModel } from "../../models/index.ts"
import { causal } from "../objectives/index.ts"
import { AdamW } from "../optim/index.ts"
import type { BatchSource, TrainingBatch } from "./batch.ts"
import { Trainer, type TrainerOptions } from "./trainer.ts"

export const TINY_CONTEXT = 16
export const TINY_VOCABULARY = 32

export const TINY_CONFIG = {
  vocab_size: TINY_VOCABULARY,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: TINY_CONTEXT,
  tie_word_embeddings: true,
}

export function tinyModel(executor: Executor, seed = 1): Promise<CausalLanguageModel> {
  return CausalLanguageModel.create({ modelType: "llama", config: TINY_CONFIG, seed, executor })
}

/** A trainer with AdamW over every parameter of `model`. */
export function tinyTrainer(model: CausalLanguageModel, options: Partial<TrainerOptions> = {}): Trainer {
  const parameters = model.parameters.specs.map(({ path, decays }) => ({ state: model.parameters.get(path), decays }))
  const optimizer = new AdamW(new Store(model.store.executor), parameters, { betas: [0.9, 0.99] })
  return new Trainer({ model, objective: causal, optimizer, microBatchRows: 4 * TINY_CONTEXT, ...options })
}

/** Sequences that count upward in threes from random places: after a first token, all is known. */
export class CountingText implements BatchSource {
  private index = 0
  private readonly sequences: number
  private readonly seed: number

  constructor(sequences = 4, seed = 1) {
    this.sequences = sequences
    this.seed = seed
  }

  next(): TrainingBatch {
    const rows = this.sequences * TINY_CONTEXT
    const [tokens, targets, positions, sequenceStart] = Array.from({ length: 4 }, () => new Int32Array(rows))
    for (let row = 0; row < rows; row++) {
      const sequence = Math.floor(row / TINY_CONTEXT)
      const [word] = philox([this.seed, 0], [this.index, sequence, 0, 0])
      positions[row] = row % TINY_CONTEXT
      sequenceStart[row] = sequence * TINY_CONTEXT
      tokens[row] = (word + 3 * positions[row]) % TINY_VOCABULARY
      targets[row] = (tokens[row] + 3) % TINY_VOCABULARY
    }
    this.index++
    return { tokens, targets, positions, sequenceStart }
  }
  position(): number {
    return this.index
  }
  seek(position: unknown): void {
    this.index = position as number
  }
}
