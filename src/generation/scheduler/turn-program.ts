/**
 * The programs that generation runs, one turn each: the model over this turn's rows with cached attention, logits only
 * for rows that need a token, and the draw itself. Logits never leave the engine.
 */
import {
  compile,
  type Dimension,
  f32,
  i32,
  type Program,
  rows,
  type StateUpdate,
  sample,
  scope,
  type Tensor,
  topCandidates,
} from "../../engine/index.ts"
import { type CausalLanguageModel, product } from "../../models/index.ts"
import { cachedAttentionContext, type KeyValueCache } from "../cache/index.ts"

/** Sizes of the batch that a scheduler serves. */
export interface BatchSizes {
  /** Most sequences at once: rows of the block table. */
  readonly sequences: number
  /** Pages that one sequence can have: columns of the block table. */
  readonly blocks: number
  /** Most rows of a turn in which a prompt is read. */
  readonly prefillRows: number
}

/** Where the rows of a run stand: inputs of every program over a cache. */
export function cachedRowSpecs(count: Dimension, { sequences, blocks }: Pick<BatchSizes, "sequences" | "blocks">) {
  return {
    tokens: i32(count),
    positions: i32(count),
    slots: i32(count),
    sequences: i32(count),
    blockTable: i32(sequences, blocks),
  }
}

/**
 * The model over rows of cached sequences.
 *
 * @shape   wanted  [count] i32: rows whose hidden states are wanted; all when left out
 * @shape   returns hidden [rows, width] or [count, width] float32, after the last norm
 */
export function cachedHidden(
  model: CausalLanguageModel,
  cache: KeyValueCache,
  inputs: Readonly<Record<keyof ReturnType<typeof cachedRowSpecs>, Tensor>>,
  wanted?: Tensor,
): { readonly hidden: Tensor; readonly updates: readonly StateUpdate[] } {
  const attention = cachedAttentionContext(cache, inputs)
  const { tokens, positions } = inputs
  const hidden = model.hidden({ tokens, positions, attention, ...(wanted ? { wanted } : {}) })
  return { hidden, updates: attention.updates }
}

/** Logits of hidden rows. @shape hidden [rows, width]; returns [rows, vocab], float32 */
export function logitsOf(model: CausalLanguageModel, hidden: Tensor): Tensor {
  return scope("lm_head", () => product(hidden, model.outputWeight))
}

export interface TurnProgramOptions extends BatchSizes {
  /**
   * - `prefill`: up to `prefillRows` rows; the rows that need a token are named by `drawRows`, `sequences` of them
   * - `decode`: up to `sequences` rows, each of which needs a token
   */
  readonly kind: "prefill" | "decode"
  /** How many of the likeliest tokens to tell of, 0 for none. */
  readonly candidates: number
}

/**
 * Compiles one kind of turn.
 *
 * Inputs: tokens, positions, slots, sequences [rows] i32; blockTable [sequences, blocks] i32; drawRows (prefill only);
 * and what `sample` wants for each draw. Outputs: ids, logProbabilities, and with candidates candidateIds,
 * candidateLogProbabilities [draws, candidates].
 */
export function compileTurn(model: CausalLanguageModel, cache: KeyValueCache, options: TurnProgramOptions): Program {
  const { kind, candidates, sequences, prefillRows } = options
  const count = rows(kind === "prefill" ? prefillRows : sequences)
  const draws = kind === "prefill" ? sequences : count
  return compile(
    {
      ...cachedRowSpecs(count, options),
      ...(kind === "prefill" ? { drawRows: i32(draws) } : {}),
      temperature: f32(draws),
      topK: i32(draws),
      topP: f32(draws),
      minP: f32(draws),
      seeds: i32(draws, 2),
      counters: i32(draws),
    },
    (inputs) => {
      const { hidden, updates } = cachedHidden(model, cache, inputs, inputs.drawRows)
      const logits = logitsOf(model, hidden)
      const outputs: Record<string, Tensor> = { ...sample(logits, inputs) }
      if (candidates > 0) {
        const top = topCandidates(logits, candidates)
        outputs["candidateIds"] = top.ids
        outputs["candidateLogProbabilities"] = top.logProbabilities
      }
      return { outputs, updates }
    },
    { executor: model.store.executor, precision: cache.precision, name: `generation ${kind}` },
  )
}
