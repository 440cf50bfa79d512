/**
 * Watches held-out text when a small corpus is read many times: the weights that predicted it best are remembered, and
 * training is ended when they stay behind.
 */
import { cp } from "node:fs/promises"
import type { HostArray } from "../../engine/index.ts"
import type { CausalLanguageModel } from "../../models/index.ts"
import type { Tokenizer } from "../../text/index.ts"
import { Checkpoints, type EvaluationMetrics, type TrainingCheckpoint } from "../../training/index.ts"

/** Evaluations in a row without a better one after which no more is learned. */
const PATIENCE = 8

export class BestWeights {
  /** Step at which held-out text was predicted best. */
  step = 0
  private readonly corpusTokens: number
  private readonly enough = new AbortController()
  private model: CausalLanguageModel | undefined
  private best = Number.POSITIVE_INFINITY
  private last = Number.POSITIVE_INFINITY
  private behind = 0
  private weights: readonly HostArray[] | undefined

  /** @param corpusTokens  tokens of the text; nothing is remembered before all were read twice */
  constructor(corpusTokens: number) {
    this.corpusTokens = corpusTokens
  }

  /** Aborts when held-out text has not been predicted better for long. */
  get signal(): AbortSignal {
    return this.enough.signal
  }

  watch(model: CausalLanguageModel): void {
    this.model = model
  }

  async onEvaluate({ step, tokens, bits_per_byte: bits }: EvaluationMetrics): Promise<void> {
    this.last = bits
    if (!this.model || tokens < 2 * this.corpusTokens) return
    if (bits < this.best) {
      this.best = bits
      this.step = step
      this.behind = 0
      this.weights = await Promise.all(this.model.parameters.states().map((state) => state.read()))
    } else if (++this.behind >= PATIENCE) this.enough.abort()
  }

  /** Puts the best weights into the model and its run folder where the last ones are worse. */
  async restore(folder: string, checkpoint: TrainingCheckpoint | undefined, tokenizer: Tokenizer): Promise<boolean> {
    const { model, weights } = this
    if (!model || !weights || this.last <= this.best) return false
    const states = model.parameters.states()
    for (const [index, state] of states.entries()) await state.write(weights[index])
    if (checkpoint)
      await new Checkpoints(folder, { keep: 1 }).save(checkpoint.step, async (partial) => {
        await cp(checkpoint.folder, partial, { recursive: true })
        await model.save(partial)
        await tokenizer.save(partial)
      })
    return true
  }
}
