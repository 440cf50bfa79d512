/** `glossa bench train`: one training step of the plain GPT, with the models and batches of the PyTorch peer. */
import { defaultExecutor, philox, Store } from "../../engine/index.ts"
import { CausalLanguageModel } from "../../models/index.ts"
import { Trainer, type TrainingBatch } from "../../training/loop/index.ts"
import { causal } from "../../training/objectives/index.ts"
import { AdamW } from "../../training/optim/index.ts"
import { badFlag, type Call, choiceFlag, defineCommand, JSON_FLAG, MODEL_FLAGS, wholeFlag } from "../command.ts"
import { median } from "../median.ts"
import { printJson, printLine } from "../terminal.ts"
import { byteSize, grouped } from "../wording.ts"

/** Sizes of the peer's presets. */
export const PRESETS = {
  tiny: { layers: 4, width: 128, heads: 4, context: 128, vocabulary: 1024, batch: 16 },
  small: { layers: 6, width: 384, heads: 6, context: 256, vocabulary: 4096, batch: 16 },
  base: { layers: 12, width: 768, heads: 12, context: 512, vocabulary: 50_257, batch: 2 },
} as const

export const PRESET_NAMES = ["tiny", "small", "base"] as const satisfies readonly (keyof typeof PRESETS)[]

const LEARNING_RATE = 3e-4

const flags = {
  preset: choiceFlag("--preset <name>", "size of model and batch (small)", PRESET_NAMES),
  steps: wholeFlag("--steps <count>", "timed steps (8)", 1),
  warmUp: wholeFlag("--warm-up <count>", "steps before the clock counts (2)", 0),
  ...MODEL_FLAGS,
  ...JSON_FLAG,
}

export const benchTrain = defineCommand({
  flags,
  example: "glossa bench train --preset small --precision bf16 --json",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const preset = given.preset ?? "small"
    const sizes = PRESETS[preset]
    const executor = defaultExecutor()
    const precision = executor.resolvePrecision(given.precision ?? "auto")
    using model = await CausalLanguageModel.create({ modelType: "gpt2", config: plainGpt(sizes), seed: 0, executor })
    // As the peer: every parameter decays, biases and norms too.
    const parameters = model.parameters.states().map((state) => ({ state, decays: true }))
    const optimizer = new AdamW(new Store(executor), parameters, { betas: [0.9, 0.95], weightDecay: 0.1 })
    const microBatchRows = sizes.batch * sizes.context
    using trainer = new Trainer({ model, objective: causal, optimizer, microBatchRows, precision })
    const times: number[] = []
    let loss = Number.NaN
    const { steps = 8, warmUp = 2 } = given
    for (let step = 0; step < steps + warmUp; step++) {
      const batch = randomBatch(sizes, step)
      const start = performance.now()
      loss = (await trainer.step(batch, LEARNING_RATE)).loss
      if (step >= warmUp) times.push((performance.now() - start) / 1000)
    }
    const seconds = median(times)
    const result = {
      preset,
      precision,
      executor: executor.name,
      instruction_set: executor.describe().level,
      threads: executor.threads,
      parameters: model.parameters.count,
      steps,
      tokens_per_s: Math.round((microBatchRows / seconds) * 10) / 10,
      step_seconds: seconds,
      peak_bytes: trainer.memory.reduce((most, { total }) => Math.max(most, total), 0),
      peak_resident_bytes: process.resourceUsage().maxRSS * 1024,
      loss,
    }
    if (given.json) printJson(terminal, result)
    else
      printLine(
        terminal,
        `${preset}, ${precision}: ${grouped(result.tokens_per_s)} tokens/s, ` +
          `${byteSize(result.peak_bytes)} planned, loss ${loss.toFixed(4)}`,
      )
    if (!Number.isFinite(loss)) throw badFlag("bench train", "a finite loss", String(loss))
  },
})

/** config.json of the peer's model: exact GELU, tied head, no dropout, one deviation for every matrix. */
export function plainGpt(sizes: {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly context: number
  readonly vocabulary: number
}): Record<string, unknown> {
  return {
    n_layer: sizes.layers,
    n_embd: sizes.width,
    n_head: sizes.heads,
    n_positions: sizes.context,
    vocab_size: sizes.vocabulary,
    activation_function: "gelu",
    layer_norm_epsilon: 1e-5,
    initializer_range: 0.02,
    scale_residual_initializer: false,
    tie_word_embeddings: true,
    bos_token_id: null,
    eos_token_id: null,
  }
}

/** Random rows, the targets of each its tokens rolled by one. */
function randomBatch(
  { batch, context, vocabulary }: { batch: number; context: number; vocabulary: number },
  step: number,
): TrainingBatch {
  const rows = batch * context
  const tokens = Int32Array.from({ length: rows }, (_, row) => philox([0, step], [row, 0, 0, 0])[0] % vocabulary)
  const positions = Int32Array.from({ length: rows }, (_, row) => row % context)
  const sequenceStart = positions.map((position, row) => row - position)
  const targets = tokens.map((_, row) => tokens[sequenceStart[row] + ((positions[row] + 1) % context)])
  return { tokens, targets, positions, sequenceStart }
}
