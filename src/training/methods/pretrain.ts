/**
 * Pretraining: a model learns to predict each next token of a corpus, from random parameters or from those of a folder.
 * Everything a run depends on is in its settings, its text and its tokenizer.
 */
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { type Executor, Store } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import { CausalLanguageModel, familyOf } from "../../models/index.ts"
import type { TokenizedSplit, Tokenizer } from "../../text/index.ts"
import {
  Checkpoints,
  ROW_BLOCK,
  readProgress,
  Trainer,
  type TrainHooks,
  type TrainingCheckpoint,
  type TrainResult,
  train,
} from "../loop/index.ts"
import { causal } from "../objectives/index.ts"
import { AdamW, createSchedule, type Schedule } from "../optim/index.ts"
import { CorpusBatches, heldOutBatches } from "./corpus-batches.ts"
import { type PretrainSettings, type PretrainSettingsInput, parsePretrainSettings } from "./settings.ts"

/** Most tokens that one run of the program takes where settings do not say. */
const MICRO_BATCH_TOKENS = 16_384

/** generation_config.json of a new model: small models repeat themselves when the likeliest token is always taken. */
const NEW_MODEL_SAMPLING = { do_sample: true, temperature: 0.8, top_p: 0.95 }

/** Keys by which families name their context. */
const CONTEXT_KEYS = ["n_positions", "max_position_embeddings"]

/** Settings that must be those that a run began with; others may change on resume. */
const FIXED_SETTINGS = ["model", "from", "context", "batchTokens", "seed", "crossDocuments"] as const

export interface PretrainData {
  readonly training: TokenizedSplit
  /** Measured as training goes; nothing is measured without it. */
  readonly heldOut?: TokenizedSplit
  /** Saved with the model; also gives the vocabulary's size and special ids where the settings do not. */
  readonly tokenizer?: Tokenizer
}

export interface PretrainHooks extends Omit<TrainHooks, "onSample"> {
  /** The model is ready and training about to begin. */
  onBegin?(begun: { readonly model: CausalLanguageModel; readonly trainer: Trainer; readonly step: number }): void
  /** Time for a sample from the model as it is now. */
  onSample?(at: { model: CausalLanguageModel; step: number; seconds: number }): void | Promise<void>
}

export interface PretrainOptions {
  /** The run folder, which becomes a model folder. Nothing is kept without it. */
  readonly folder?: string
  /** Goes on from the folder's newest whole checkpoint. */
  readonly resume?: boolean
  /** Removes a run that the folder holds; without it (and without resume) that is an error. */
  readonly overwrite?: boolean
  readonly executor?: Executor
  readonly signal?: AbortSignal
  readonly hooks?: PretrainHooks
  /** Milliseconds of any clock that only goes forward. */
  readonly now?: () => number
}

export interface PretrainResult extends TrainResult {
  /** The trained model; whoever asked disposes it. */
  readonly model: CausalLanguageModel
  /** Settings with all defaults filled in. */
  readonly settings: PretrainSettings
}

/**
 * Pretrains a model.
 *
 * @example
 * const { model, lastEvaluation } = await pretrain(
 *   { model: { model_type: "llama", hidden_size: 128 }, context: 128, steps: 500 },
 *   { training, heldOut, tokenizer },
 *   { folder: "runs/first" },
 * )
 * @throws RECIPE_INVALID, RECIPE_UNKNOWN_KEY, CONFIG_INVALID for impossible settings; CORPUS_TOO_SHORT
 * @throws RUN_EXISTS when the folder holds a run and neither resume nor overwrite was asked
 * @throws CHECKPOINT_MISMATCH when a run is resumed with other settings or text; CHECKPOINT_DAMAGED when none is whole
 * @throws TRAINING_DIVERGED, FILE_UNWRITABLE as `train` does
 */
export async function pretrain(
  given: PretrainSettingsInput,
  data: PretrainData,
  options: PretrainOptions = {},
): Promise<PretrainResult> {
  const settings = parsePretrainSettings(given)
  const hooks = options.hooks ?? {}
  const checkpoints = options.folder ? new Checkpoints(options.folder, { keep: settings.keepCheckpoints }) : undefined
  const resumed = checkpoints && (await openRun(checkpoints, settings, options))
  const model = await openModel(settings, data, options.executor, resumed)
  try {
    for (const notice of model.notices) hooks.onNotice?.(notice)
    const plan = planBatches(settings, model)
    using trainer = createTrainer(model, settings)
    const { onBegin, onSample, ...trainHooks } = hooks
    const batchOptions = { context: plan.context, crossDocuments: settings.crossDocuments }
    const training = { ...batchOptions, rowsPerBatch: settings.batchTokens, seed: settings.seed }
    const batches = new CorpusBatches(data.training, training)
    const heldOut = data.heldOut && heldOutBatches(data.heldOut, { ...batchOptions, rowsPerBatch: plan.microBatchRows })
    onBegin?.({ model, trainer, step: resumed?.step ?? 0 })
    const result = await train({
      trainer,
      batches,
      schedule: scheduleOf(settings),
      steps: settings.steps,
      pace: settings.pace,
      evaluateEvery: settings.evaluateEvery,
      checkpointEvery: settings.checkpointEvery,
      ...(settings.maximumSeconds ? { maximumSeconds: settings.maximumSeconds } : {}),
      ...(settings.sampleEvery ? { sampleEvery: settings.sampleEvery } : {}),
      ...(heldOut ? { heldOut } : {}),
      ...(checkpoints ? { files: runFiles(checkpoints, model, data, settings, resumed) } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.now ? { now: options.now } : {}),
      hooks: { ...trainHooks, ...(onSample ? { onSample: (at) => onSample({ model, ...at }) } : {}) },
    })
    return { ...result, model, settings }
  } catch (error) {
    model.dispose()
    throw error
  }
}

/** A trainer of `model` as settings say; for programs that bring batches of their own. */
export function createTrainer(model: CausalLanguageModel, settings: PretrainSettings): Trainer {
  const { microBatchRows, microBatches } = planBatches(settings, model)
  const parameters = model.parameters.specs.map(({ path, decays }) => ({ state: model.parameters.get(path), decays }))
  const { betas, epsilon, weightDecay, maximumGradientNorm, precision } = settings
  const optimizer = new AdamW(new Store(model.store.executor), parameters, { betas, epsilon, weightDecay })
  return new Trainer({
    model,
    objective: causal,
    optimizer,
    microBatchRows,
    microBatches,
    maximumGradientNorm,
    precision,
  })
}

/** The rate of each step as settings say. */
export function scheduleOf({ schedule, learningRate, steps }: PretrainSettings): Schedule {
  const { kind, decaySteps } = schedule
  return createSchedule({
    kind,
    peak: learningRate,
    floor: schedule.floor ?? (kind === "cosine" ? learningRate / 10 : 0),
    warmupSteps: schedule.warmupSteps ?? Math.min(100, Math.ceil(steps / 20)),
    totalSteps: steps,
    ...(decaySteps === undefined ? {} : { decaySteps }),
  })
}

/**
 * How a step's tokens are cut into runs of the program.
 *
 * @throws RECIPE_INVALID when the context is longer than the model's, or sizes are not multiples of it
 */
export function planBatches(
  { context: wanted, batchTokens, microBatchTokens }: PretrainSettings,
  { description }: CausalLanguageModel,
): { context: number; microBatchRows: number; microBatches: number } {
  const context = wanted ?? description.context
  const fault = (where: string, rule: string, came: number): GlossaError =>
    new GlossaError("RECIPE_INVALID", { where, wanted: rule, came: String(came) })
  if (context > description.context)
    throw fault("context", `at most the model's context (${description.context})`, context)
  if (batchTokens % context !== 0) throw fault("batchTokens", `a multiple of the context (${context})`, batchTokens)
  const microBatchRows = Math.min(batchTokens, microBatchTokens ?? largestMicroBatch(batchTokens, context))
  if (microBatchRows % context !== 0)
    throw fault("microBatchTokens", `a multiple of the context (${context})`, microBatchRows)
  return { context, microBatchRows, microBatches: Math.ceil(batchTokens / microBatchRows) }
}

/** The whole step where it is small enough; else about MICRO_BATCH_TOKENS, in whole rows and whole blocks of sums. */
function largestMicroBatch(batchTokens: number, context: number): number {
  if (batchTokens <= MICRO_BATCH_TOKENS) return batchTokens
  let unit = context
  while (unit % ROW_BLOCK !== 0) unit += context
  return Math.max(1, Math.floor(MICRO_BATCH_TOKENS / unit)) * unit
}

/** The checkpoint to go on from; undefined for a new run, for which the folder is made ready. */
async function openRun(
  checkpoints: Checkpoints,
  settings: PretrainSettings,
  { resume, overwrite, hooks }: PretrainOptions,
): Promise<TrainingCheckpoint | undefined> {
  if (resume) {
    const checkpoint = await checkpoints.newest((error) => {
      hooks?.onNotice?.(`a damaged checkpoint is passed over: ${error.message}`)
    })
    if (!checkpoint) hooks?.onNotice?.(`${checkpoints.runFolder} has no checkpoint yet: the run begins anew`)
    else await checkSettings(checkpoint, settings, hooks)
    if (checkpoint) return checkpoint
  } else if (overwrite) await checkpoints.clear()
  else if ((await checkpoints.list()).length > 0)
    throw new GlossaError("RUN_EXISTS", {
      where: checkpoints.runFolder,
      wanted: "a folder without a run",
      came: "one that holds checkpoints",
      fix: "resume it, overwrite it, or name another folder",
    })
  await makeFolder(checkpoints.runFolder)
  return undefined
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new GlossaError("FILE_UNWRITABLE", {
      where: folder,
      wanted: "a folder that can be written",
      came: (cause as Error).message,
      cause,
    })
  }
}

async function checkSettings(
  { folder }: TrainingCheckpoint,
  settings: PretrainSettings,
  hooks: PretrainHooks | undefined,
): Promise<void> {
  const begun = (await readProgress(folder)).settings as Record<string, unknown>
  // Through JSON, as the saved ones went.
  const now: Record<string, unknown> = JSON.parse(JSON.stringify(settings))
  const changed = [...new Set([...Object.keys(begun), ...Object.keys(now)])].filter(
    (key) => !isDeepStrictEqual(begun[key], now[key]),
  )
  const fixed = changed.find((key) => (FIXED_SETTINGS as readonly string[]).includes(key))
  if (fixed)
    throw new GlossaError("CHECKPOINT_MISMATCH", {
      where: `${folder}: ${fixed}`,
      wanted: `what the run began with (${JSON.stringify(begun[fixed]) ?? "nothing"})`,
      came: JSON.stringify(now[fixed]) ?? "nothing",
      fix: "resume with the settings of the beginning, or begin a run in another folder",
    })
  if (changed.length > 0) hooks?.onNotice?.(`settings changed since the run began: ${changed.join(", ")}`)
}

/** A new model, or one loaded from `from` or a checkpoint, as settings say. */
export async function openModel(
  { model: config, from, context, seed }: PretrainSettings,
  { tokenizer }: Pick<PretrainData, "tokenizer">,
  executor?: Executor,
  resumed?: TrainingCheckpoint,
): Promise<CausalLanguageModel> {
  if ((config === undefined) === (from === undefined))
    throw new GlossaError("RECIPE_INVALID", {
      where: "model",
      wanted: "either a model or a folder to go on from (from)",
      came: config ? "both" : "neither",
    })
  const folder = resumed?.folder ?? from
  const loadOptions = { blocks: "widen", ...(executor ? { executor } : {}) } as const
  const model = folder
    ? await CausalLanguageModel.load(folder, loadOptions)
    : await createModel(config as ModelSettings, tokenizer, context, seed, executor)
  const { vocabularySize } = model.description
  if (tokenizer && tokenizer.vocabularySize > vocabularySize) {
    model.dispose()
    throw new GlossaError("CHECKPOINT_MISMATCH", {
      where: folder ?? "model.vocab_size",
      wanted: `room for the tokenizer's ${tokenizer.vocabularySize} ids`,
      came: `a vocabulary of ${vocabularySize}`,
      fix: folder ? "use the tokenizer of that folder" : "leave vocab_size out: the tokenizer gives it",
    })
  }
  return model
}

type ModelSettings = NonNullable<PretrainSettings["model"]>

/** What the settings leave out comes from the tokenizer and the context. */
function createModel(
  { model_type: modelType, ...config }: ModelSettings,
  tokenizer: Tokenizer | undefined,
  context: number | undefined,
  seed: number,
  executor: Executor | undefined,
): Promise<CausalLanguageModel> {
  const contextKey = familyOf(modelType, "model.model_type").configKeys.find((key) => CONTEXT_KEYS.includes(key))
  const derived = {
    ...(tokenizer ? { vocab_size: tokenizer.vocabularySize } : {}),
    ...(tokenizer ? { bos_token_id: tokenizer.bosId ?? null, eos_token_id: tokenizer.eosId ?? null } : {}),
    ...(contextKey && context ? { [contextKey]: context } : {}),
  }
  const generation = NEW_MODEL_SAMPLING
  const create = { modelType, config: { ...derived, ...config }, seed, generation, where: "model" }
  return CausalLanguageModel.create(executor ? { ...create, executor } : create)
}

function runFiles(
  checkpoints: Checkpoints,
  model: CausalLanguageModel,
  { tokenizer }: PretrainData,
  settings: PretrainSettings,
  resumed: TrainingCheckpoint | undefined,
) {
  return {
    checkpoints,
    metricsPath: join(checkpoints.runFolder, "metrics.jsonl"),
    settings,
    async saveModel(folder: string): Promise<void> {
      await model.save(folder)
      await tokenizer?.save(folder)
    },
    ...(resumed ? { resumed } : {}),
  }
}
