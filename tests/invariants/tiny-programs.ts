/** A tiny GPT-2 and a tiny Llama that train and speak: what must give the same bits under settings that may not matter. */
import { type Executor, type HostArray, IGNORED_TARGET, Store } from "../../src/engine/index.ts"
import { resolveSettings, Scheduler } from "../../src/generation/index.ts"
import { someIds, tinyModel } from "../../src/generation/scheduler/tiny-model.cases.ts"
import type { CausalLanguageModel } from "../../src/models/index.ts"
import { AdamW, causal, Trainer, type TrainingBatch } from "../../src/training/index.ts"

export type TinyFamily = "llama" | "gpt2"

/** Wide enough that work is split into several tasks, and a vocabulary of more than one chunk of 1,024. */
const SIZES = {
  llama: { vocab_size: 1100, hidden_size: 96, intermediate_size: 160, initializer_range: 0.1 },
  gpt2: { vocab_size: 1100, n_embd: 96, n_head: 4, initializer_range: 0.1 },
} as const

export function wideModel(family: TinyFamily, executor: Executor): Promise<CausalLanguageModel> {
  return tinyModel(family, executor, SIZES[family])
}

const SEQUENCE_ROWS = 32
const SEQUENCES = 8

/** Eight sequences of 32 rows, some targets of which do not count. */
export function packedBatch(seed = 1): TrainingBatch {
  const rows = SEQUENCES * SEQUENCE_ROWS
  const ids = someIds(rows + 1, seed).map((id, place) => (37 * id + place) % 1100)
  return {
    tokens: Int32Array.from(ids.slice(0, -1)),
    targets: Int32Array.from({ length: rows }, (_, row) => (row % 11 < 2 && row < 100 ? IGNORED_TARGET : ids[row + 1])),
    positions: Int32Array.from({ length: rows }, (_, row) => row % SEQUENCE_ROWS),
    sequenceStart: Int32Array.from({ length: rows }, (_, row) => row - (row % SEQUENCE_ROWS)),
  }
}

export interface TinySettings {
  readonly family: TinyFamily
  readonly precision: "f32" | "bf16"
  /** Micro-batches that a step is cut into. Default 1 */
  readonly microBatches?: number
}

/** Arrays by name. */
export type Bits = Readonly<Record<string, HostArray>>

/** Names of the arrays that are not the same to the bit. */
export function differing(came: Bits, wanted: Bits): string[] {
  const names = [...new Set([...Object.keys(came), ...Object.keys(wanted)])]
  const bytes = ({ buffer, byteOffset, byteLength }: HostArray) => Buffer.from(buffer, byteOffset, byteLength)
  return names.filter((name) => !came[name] || !wanted[name] || !bytes(came[name]).equals(bytes(wanted[name])))
}

/** Losses and norms of two steps, then every parameter and moment. */
export async function trainedBits(
  executor: Executor,
  { family, precision, microBatches = 1 }: TinySettings,
): Promise<Bits> {
  using model = await wideModel(family, executor)
  using store = new Store(executor)
  const parameters = model.parameters.specs.map(({ path, decays }) => ({ state: model.parameters.get(path), decays }))
  const optimizer = new AdamW(store, parameters, {})
  const microBatchRows = (SEQUENCES * SEQUENCE_ROWS) / microBatches
  using trainer = new Trainer({ model, objective: causal, optimizer, microBatchRows, microBatches, precision })
  const numbers: Record<string, HostArray> = {}
  for (let step = 1; step <= 2; step++) {
    const { loss, gradientNorm } = await trainer.step(packedBatch(step), 1e-2)
    numbers[`loss and norm of step ${step}`] = Float32Array.of(loss, gradientNorm)
  }
  for (const state of [...model.parameters.states(), ...optimizer.states]) numbers[state.path] = await state.read()
  return numbers
}

const PROMPTS = [1, 9, 33, 70].map((count) => someIds(count, count))

/** What each prompt is continued with, and how likely that was. One of them alone, or all in one batch. */
export async function generateTogether(
  executor: Executor,
  { family, precision }: TinySettings,
  { which = PROMPTS.keys(), prefillRows = 24 }: { which?: Iterable<number>; prefillRows?: number } = {},
): Promise<Bits> {
  using model = await wideModel(family, executor)
  using scheduler = new Scheduler(model, { precision, prefillRows })
  const asked = [...which]
  const results = asked.map((index) => {
    const settings = resolveSettings(
      { maxNewTokens: 12, temperature: 1, topP: 0.95, seed: index, ignoreEos: true },
      () => 0,
    )
    return scheduler.submit({ ids: PROMPTS[index], settings })
  })
  const spoken = await Promise.all(results)
  const entries = spoken.flatMap(({ ids, logprobs }, index): [string, HostArray][] => [
    [`ids of prompt ${asked[index]}`, Int32Array.from(ids)],
    [`log-probabilities of prompt ${asked[index]}`, Float32Array.from(logprobs)],
  ])
  return Object.fromEntries(entries)
}
