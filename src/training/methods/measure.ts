/** How fast a machine would train: a few real steps on random ids, so that a recipe can size itself before it begins. */
import { type Executor, type ProgramMemory, philox } from "../../engine/index.ts"
import type { Tokenizer } from "../../text/index.ts"
import type { TrainingBatch } from "../loop/index.ts"
import { createTrainer, openModel, planBatches } from "./pretrain.ts"
import { type PretrainSettingsInput, parsePretrainSettings } from "./settings.ts"

export interface Throughput {
  /** Of whole steps, at the median step. */
  readonly tokensPerSecond: number
  readonly stepSeconds: number
  /** Of evaluation: the forward pass alone. */
  readonly evaluationTokensPerSecond: number
  readonly parameters: number
  /** Of each program of a step. */
  readonly memory: readonly ProgramMemory[]
}

export interface MeasureOptions {
  readonly executor?: Executor
  readonly tokenizer?: Tokenizer
  /** Steps are repeated for about so long. */
  readonly seconds?: number
  /** Milliseconds of any clock that only goes forward. */
  readonly now?: () => number
}

const FEWEST_STEPS = 3

/** Makes the model of the settings, trains it on nothing for a while, and throws it away. */
export async function measureTraining(
  given: PretrainSettingsInput,
  { executor, tokenizer, seconds = 3, now = () => performance.now() }: MeasureOptions = {},
): Promise<Throughput> {
  const settings = parsePretrainSettings(given)
  using model = await openModel(settings, tokenizer ? { tokenizer } : {}, executor)
  using trainer = createTrainer(model, settings)
  const { context } = planBatches(settings, model)
  const batch = randomBatch(settings.batchTokens, context, model.description.vocabularySize)
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const start = now()
    await work()
    return (now() - start) / 1000
  }
  // The first run warms caches up and packs weights.
  await trainer.step(batch, settings.learningRate)
  const times: number[] = []
  const start = now()
  while (times.length < FEWEST_STEPS || (now() - start) / 1000 < seconds)
    times.push(await timed(() => trainer.step(batch, settings.learningRate)))
  const stepSeconds = times.sort((left, right) => left - right)[times.length >> 1]
  await trainer.evaluate([batch])
  const evaluationSeconds = await timed(() => trainer.evaluate([batch]))
  return {
    tokensPerSecond: settings.batchTokens / stepSeconds,
    stepSeconds,
    evaluationTokensPerSecond: settings.batchTokens / evaluationSeconds,
    parameters: model.parameters.count,
    memory: trainer.memory,
  }
}

/** Whole rows of random ids. */
function randomBatch(tokenCount: number, context: number, vocabularySize: number): TrainingBatch {
  const ids = Int32Array.from(
    { length: tokenCount + 1 },
    (_, place) => philox([0, 0], [place, 0, 0, 0])[0] % vocabularySize,
  )
  const places = Int32Array.from({ length: tokenCount }, (_, row) => row % context)
  return {
    tokens: ids.slice(0, -1),
    targets: ids.slice(1),
    positions: places,
    sequenceStart: places.map((place, row) => row - place),
  }
}
