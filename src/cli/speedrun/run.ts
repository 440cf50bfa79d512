/** The main journey as a list of calls: text, tokenizer, sizes, training, figures, report. */
import { join } from "node:path"
import { defaultExecutor, type Executor, measureCeilings, type Precision } from "../../engine/index.ts"
import { measureBaselines } from "../../evaluation/index.ts"
import { type CausalLanguageModel, replaceFiles } from "../../models/index.ts"
import { modelOfDepth, pretrainSettingsOf, printRecipe, type Recipe, sizeOfModel } from "../../recipes/index.ts"
import type { CorpusDocument, TokenizedSplit, Tokenizer } from "../../text/index.ts"
import { tokenizeCorpus } from "../../text/index.ts"
import {
  type EvaluationMetrics,
  measureTraining,
  type PretrainSettings,
  pretrain,
  type TrainResult,
} from "../../training/index.ts"
import { Sampler } from "../commands/pretrain.ts"
import { countBytes, describeText, makeTokenizer, type RunText, readText, tokenizeText } from "../data.ts"
import { notice, type Terminal } from "../terminal.ts"
import { TrainingProgress } from "../training-progress.ts"
import { duration, grouped, largeCount } from "../wording.ts"
import { BestWeights } from "./best-weights.ts"
import {
  type Candidate,
  chooseDepth,
  type MachineSpeed,
  planBatch,
  plannedEnd,
  planText,
  readableTokens,
  type TextBudget,
} from "./budget.ts"
import { beginnings, checkIdentity, measureHeldOut } from "./held-out.ts"
import { type FinishedRun, type Sample, writeReport } from "./report.ts"
import { Stages } from "./stages.ts"

/** A speedrun that went to its end; the model is the caller's to dispose. */
export interface SpeedrunResult extends FinishedRun {
  readonly model: CausalLanguageModel
  readonly tokenizer: Tokenizer
  /** What report.json holds. */
  readonly json: Readonly<Record<string, unknown>>
}

/** A speedrun that Ctrl-C stopped while it trained. */
export interface StoppedSpeedrun {
  readonly stoppedAtStep: number
  /** Recipe by which `pretrain --resume` goes on. */
  readonly recipePath: string
}

/**
 * Runs the journey. `performance.now()` counts from the start of the process, so starting Node counts, too.
 *
 * @throws every error of its stages, such as FILE_UNREADABLE, CORPUS_TOO_SHORT, FILE_UNWRITABLE
 */
export async function runSpeedrun(recipe: Recipe, terminal: Terminal): Promise<SpeedrunResult | StoppedSpeedrun> {
  const startedAt = new Date(Date.now() - performance.now()).toISOString()
  const end = plannedEnd(recipe.speedrun.minutes)
  const executor = defaultExecutor()
  const precision = executor.resolvePrecision(recipe.training.precision)
  const stages = new Stages(recipe.output)

  const text = await stages.run("corpus", () => readText(recipe))
  notice(terminal, `corpus: ${describeText(text)}`)
  await stages.keep({
    records: text.corpus.records,
    trainingBytes: text.trainingBytes,
    heldOutBytes: text.heldOutBytes,
  })

  const { machine, matmulPeakFlops } = await stages.run("probe", () => probe(executor, precision))
  const budget = planText(machine, {
    seconds: end,
    trainingBytes: text.trainingBytes,
    vocabularySize: recipe.tokenizer.vocabularySize,
    context: recipe.training.context ?? 256,
  })
  await stages.keep({ machine, matmulPeakFlops, budget })
  const measured = { train: text.train, heldOut: shorten(text.heldOut, text.heldOutBytes, budget) }
  const baselineFigures = startBaselines(measured, budget)

  const tokenizer = await stages.run("tokenizer", () => {
    const sample = shortenTo(text.train, text.trainingBytes, budget.tokenizerBytes)
    const settings = { ...recipe.tokenizer, vocabularySize: budget.vocabularySize }
    return makeTokenizer({ ...recipe, tokenizer: settings }, sample, terminal)
  })
  const tokens = await stages.run("tokenize", async () => tokenizeText(measured, tokenizer, terminal))
  await stages.keep({
    vocabularySize: tokenizer.vocabularySize,
    trainingTokens: tokens.training.tokens.length,
    heldOutTokens: tokens.heldOut.tokens.length,
  })
  const baselines = await stages.run("baselines", () => baselineFigures)
  await stages.keep(baselines)

  const candidate = await stages.run("sizing", () =>
    size(recipe, {
      machine,
      budget,
      tokenizer,
      executor,
      seconds: trainingSeconds(end, undefined, tokens.heldOut),
      corpusTokens: tokens.training.tokens.length,
      most: end * 0.06,
    }),
  )
  const settings = planTraining(recipe, candidate, {
    budget,
    corpusTokens: tokens.training.tokens.length,
    seconds: trainingSeconds(end, candidate, tokens.heldOut),
  })
  const prompted = { ...recipe, sample: { ...recipe.sample, prompt: promptsFor(recipe, text)[0] } }
  const resolved = resolvedRecipe(prompted, settings, tokenizer, candidate.depth)
  await stages.keep({ candidate, settings })
  await replaceFiles(recipe.output, [{ name: "recipe.yaml", content: printRecipe(resolved) }])
  const watched = watchedSplit(measured.heldOut, tokenizer, candidate)

  const trained = await stages.run("pretrain", () =>
    train(resolved, settings, { training: tokens.training, heldOut: watched, tokenizer }, { terminal, executor, text }),
  )
  const { result, samples, model, stopped } = trained
  if (stopped) {
    model.dispose()
    return { stoppedAtStep: result.progress.step, recipePath: join(recipe.output, "recipe.yaml") }
  }
  await stages.keep({ ...result.progress, ended: result.ended, keptBest: trained.keptBest })

  const context = settings.context ?? model.description.context
  const heldOutBits = await stages.run("evaluation", () =>
    measureHeldOut(model, tokens.heldOut, { context, precision }),
  )
  await stages.keep({ bitsPerByte: heldOutBits })
  const stream = tokens.heldOut.tokens.length > 512 ? tokens.heldOut.tokens : tokens.training.tokens
  const identity = await stages.run("identity", () => checkIdentity(model, stream, precision))
  await stages.keep(identity)
  const finalSamples = await stages.run("samples", () => writeSamples(resolved, tokenizer, model, trained.prompts))

  const finished: FinishedRun = {
    recipe: resolved,
    startedAt,
    text,
    heldOut: measured.heldOut,
    tokens,
    description: model.description,
    executor: { ...executor.describe(), precision, matmulPeakFlops },
    result,
    prompt: trained.prompts[0],
    samples,
    finalSamples,
    bitsPerByte: heldOutBits,
    baselines,
    identity,
    seconds: stages.seconds,
  }
  const json = await writeReport(finished, tokenizer)
  return { ...finished, model, tokenizer, json }
}

/** A few steps of a model of nothing, and the fastest product: what to expect of the machine. */
async function probe(
  executor: Executor,
  precision: Precision,
): Promise<{ machine: MachineSpeed; matmulPeakFlops: number }> {
  const { matmulFlops } = await measureCeilings(executor, { seconds: 0.15 })
  const model = { ...modelOfDepth(1), vocab_size: 512, bos_token_id: null, eos_token_id: null }
  const settings = { model, context: 64, batchTokens: executor.name === "native" ? 1024 : 64, steps: 1, precision }
  const { tokensPerSecond, parameters } = await measureTraining(settings, { executor, seconds: 0.3 })
  return { machine: { trainingFlops: 6 * parameters * tokensPerSecond }, matmulPeakFlops: matmulFlops[precision] }
}

function shorten(
  documents: readonly CorpusDocument[],
  bytes: number,
  { heldOutBytes }: TextBudget,
): readonly CorpusDocument[] {
  return shortenTo(documents, bytes, heldOutBytes)
}
function shortenTo(documents: readonly CorpusDocument[], bytes: number, most: number): readonly CorpusDocument[] {
  return bytes <= most ? documents : beginnings(documents, most)
}

/** Counted in a worker, beside the tokenizer's stages. A failure is thrown where the figures are waited for. */
function startBaselines({ train, heldOut }: Pick<RunText, "train" | "heldOut">, budget: TextBudget) {
  const encoder = new TextEncoder()
  const bytes = (documents: readonly CorpusDocument[]) => documents.map(({ text }) => encoder.encode(text))
  const figures = measureBaselines(bytes(train), bytes(heldOut), {
    brotliContextBytes: budget.brotliContextBytes,
    ngramTrainingBytes: budget.ngramBytes,
  })
  figures.catch(() => {})
  return figures
}

/** How much longer the final evaluation may take than its measured speed says. */
const EVALUATION_MARGIN = 1.6

/** Wall seconds that training may take from now on; what comes after it is set aside. */
function trainingSeconds(end: number, candidate: Candidate | undefined, heldOut: TokenizedSplit): number {
  const fixed = 2 + end * 0.01
  // Held-out windows overlap by half; the identity check reads 512 tokens one by one.
  const after = candidate
    ? (EVALUATION_MARGIN * 2 * heldOut.tokens.length + 4096) / candidate.evaluationTokensPerSecond
    : end * 0.05
  return Math.max(end * 0.1, end - performance.now() / 1000 - after - fixed)
}

interface Sizing {
  readonly machine: MachineSpeed
  readonly budget: TextBudget
  readonly tokenizer: Tokenizer
  readonly executor: Executor
  readonly seconds: number
  readonly corpusTokens: number
  /** Seconds after which no further size is tried. */
  readonly most: number
}

/** The size that suits the machine, measured by training a few steps of the likely ones. */
async function size(recipe: Recipe, sizing: Sizing): Promise<Candidate> {
  const { machine, budget, tokenizer, executor, seconds, corpusTokens, most } = sizing
  const { speedrun } = recipe
  const vocabularySize = tokenizer.vocabularySize
  const parametersOf = (depth: number): number =>
    sizeOfModel(modelFor(recipe, depth), { vocabularySize, context: budget.context }).parameters
  const started = performance.now()
  const measure = async (depth: number): Promise<Candidate> => {
    const expected = Math.min(
      (machine.trainingFlops / (6 * parametersOf(depth))) * seconds,
      speedrun.maximumEpochs * corpusTokens,
    )
    const settings = {
      ...recipe.training,
      model: modelFor(recipe, depth),
      context: budget.context,
      batchTokens: batchFor(recipe, expected, budget.context),
      steps: 1,
    }
    const isLate = performance.now() - started > most * 1000
    const measured = await measureTraining(settings, {
      executor,
      tokenizer,
      seconds: isLate ? 0 : Math.min(1, seconds / 200),
    })
    return { depth, ...measured }
  }
  const { maximumEpochs } = speedrun
  return chooseDepth(measure, speedrun, { machine, parametersOf, seconds, corpusTokens, maximumEpochs })
}

/** The recipe's model at another depth; what the recipe says over its own depth stays. */
function modelFor({ model, depth: own }: Recipe, depth: number): Record<string, unknown> & { model_type: string } {
  const base: Record<string, unknown> = own === undefined ? {} : modelOfDepth(own)
  const over = Object.entries(model ?? {}).filter(([key, value]) => base[key] !== value)
  return { ...modelOfDepth(depth), ...Object.fromEntries(over) }
}

function batchFor({ training, speedrun }: Recipe, tokens: number, context: number): number {
  return planBatch(tokens, { steps: speedrun.steps, context, most: training.batchTokens })
}

/** Steps, batch and intervals for the time there is. The rate reaches its end as the time, or the last epoch, does. */
function planTraining(
  recipe: Recipe,
  candidate: Candidate,
  { budget: { context }, corpusTokens, seconds }: { budget: TextBudget; corpusTokens: number; seconds: number },
): PretrainSettings {
  const { speedrun } = recipe
  const { tokensPerSecond, evaluationTokensPerSecond, depth } = candidate
  const reads = { seconds, corpusTokens, maximumEpochs: speedrun.maximumEpochs }
  const tokens = readableTokens(tokensPerSecond, reads)
  const isBoundByText = tokens < tokensPerSecond * seconds * 0.98
  const batchTokens = batchFor(recipe, tokens, context)
  const steps = Math.max(1, Math.round(tokens / batchTokens))
  const { warmupSteps } = recipe.training.schedule
  const sampleSeconds = Math.min(speedrun.sampleSeconds, seconds / 8)
  const width = (at: number) => Number(modelOfDepth(at)["hidden_size"])
  const learningRate = recipe.training.learningRate * Math.sqrt(width(recipe.depth ?? depth) / width(depth))
  const evaluationSeconds = WATCHED_SECONDS / Math.min(1, evaluationTokensPerSecond / 20_000)
  return {
    ...pretrainSettingsOf(recipe),
    model: modelFor(recipe, depth),
    context,
    batchTokens,
    steps,
    learningRate: Number(learningRate.toPrecision(3)),
    maximumSeconds: seconds,
    pace: isBoundByText ? "steps" : "time",
    schedule: { ...recipe.training.schedule, warmupSteps: Math.min(warmupSteps ?? 100, Math.ceil(steps / 10)) },
    sampleEvery: { seconds: sampleSeconds },
    evaluateEvery: { seconds: Math.min(sampleSeconds, Math.max(seconds / 40, evaluationSeconds * 10)) },
    checkpointEvery: { seconds: Math.max(60, seconds / 4) },
    keepCheckpoints: 1,
  }
}

/** About how long one look at held-out text may take while training. */
const WATCHED_SECONDS = 0.3

/** The held-out text that is looked at while training: beginnings of its documents. */
function watchedSplit(
  documents: readonly CorpusDocument[],
  tokenizer: Tokenizer,
  { evaluationTokensPerSecond }: Candidate,
) {
  const bytes = Math.max(1_000, evaluationTokensPerSecond * WATCHED_SECONDS * 3)
  return tokenizeCorpus(shortenTo(documents, countBytes(documents), bytes), tokenizer)
}

function resolvedRecipe(recipe: Recipe, settings: PretrainSettings, tokenizer: Tokenizer, depth: number): Recipe {
  const { model, from: _, ...training } = settings
  return {
    ...recipe,
    depth,
    ...(model ? { model } : {}),
    tokenizer: { ...recipe.tokenizer, vocabularySize: tokenizer.vocabularySize },
    training,
  }
}

interface Trained {
  readonly result: TrainResult
  readonly model: CausalLanguageModel
  readonly samples: readonly Sample[]
  readonly prompts: readonly string[]
  readonly stopped: boolean
  readonly keptBest: boolean
}

/** Trains, continuing the prompt now and then, and keeps the weights that did best on held-out text. */
async function train(
  recipe: Recipe,
  settings: PretrainSettings,
  data: { training: TokenizedSplit; heldOut: TokenizedSplit; tokenizer: Tokenizer },
  { terminal, executor, text }: { terminal: Terminal; executor: Executor; text: RunText },
): Promise<Trained> {
  const { batchTokens, steps, context, maximumSeconds = 0, pace } = settings
  const prompts = promptsFor(recipe, text)
  const interruption = terminal.onInterrupt("stopping after this step and saving; Ctrl-C again quits at once")
  const best = new BestWeights(data.training.tokens.length)
  const progress = new TrainingProgress(terminal, { steps, seconds: maximumSeconds, byTime: pace === "time" })
  const sampler = new Sampler(recipe, data.tokenizer)
  const samples: Sample[] = []
  let lastEvaluation: EvaluationMetrics | undefined
  try {
    const { model, ...result } = await pretrain(settings, data, {
      folder: recipe.output,
      overwrite: true,
      executor,
      signal: AbortSignal.any([interruption.signal, best.signal]),
      hooks: {
        ...progress.hooks,
        onBegin: ({ model }) => {
          const { layers, width } = model.description
          best.watch(model)
          progress.say(
            `model: ${largeCount(model.parameters.count)} parameters (${layers} layers, width ${width}, context ${context}); ` +
              `${grouped(batchTokens)} tokens a step for ${duration(maximumSeconds)}`,
          )
        },
        onEvaluate: async (metrics) => {
          lastEvaluation = metrics
          progress.hooks.onEvaluate?.(metrics)
          await best.onEvaluate(metrics)
        },
        onSample: async ({ model, step, seconds }) => {
          const written = await sampler.write(model, prompts[0])
          samples.push({ step, seconds, bitsPerByte: lastEvaluation?.bits_per_byte ?? null, text: written })
          progress.sample(seconds, prompts[0], written)
        },
      },
    })
    progress.close()
    const stopped = interruption.signal.aborted
    const keptBest = !stopped && (await best.restore(recipe.output, result.checkpoint, data.tokenizer))
    if (keptBest) progress.say(`held-out text was predicted best at step ${best.step}: those weights are kept`)
    return { result, model, samples, prompts, stopped, keptBest }
  } finally {
    progress.close()
    sampler.dispose()
    interruption.release()
  }
}

/** The recipe's prompt, or where it has none the first words of held-out documents; always two or more. */
function promptsFor({ sample }: Recipe, { heldOut }: RunText): string[] {
  const own = sample.prompt === "" ? [] : [sample.prompt]
  const count = Math.max(2, Math.min(3, heldOut.length + own.length)) - own.length
  const places = Array.from({ length: count }, (_, index) => Math.floor(((index + 0.5) * heldOut.length) / count))
  return [...own, ...places.map((place) => firstWords(heldOut[place].text))]
}

/** The beginning of a text, about thirty characters, whole words. */
function firstWords(text: string): string {
  const beginning = text.slice(0, 48)
  const cut = beginning.search(/(?<=^.{18,})\s/s)
  return cut === -1 ? beginning.replace(/[\ud800-\udbff]$/, "") : beginning.slice(0, cut)
}

async function writeSamples(
  recipe: Recipe,
  tokenizer: Tokenizer,
  model: CausalLanguageModel,
  prompts: readonly string[],
) {
  const longer = { ...recipe, sample: { ...recipe.sample, maxNewTokens: recipe.sample.maxNewTokens * 2 } }
  const sampler = new Sampler(longer, tokenizer)
  const written: { prompt: string; text: string }[] = []
  for (const prompt of prompts) written.push({ prompt, text: await sampler.write(model, prompt) })
  sampler.dispose()
  return written
}
