/** What a recipe leaves out, derived: from the one dial `depth`, the model; from the model, rate and length of training. */
import { GlossaError } from "../errors.ts"
import { familyOf, parseConfig } from "../models/index.ts"
import { type PretrainSettings, type PretrainSettingsInput, parsePretrainSettings } from "../training/index.ts"
import { type RecipeFile, SPEEDRUN_DEFAULTS, type SpeedrunSettings } from "./schema.ts"

/** A recipe in which nothing is left open. */
export interface Recipe extends Omit<RecipeFile, "training" | "model" | "speedrun"> {
  readonly name: string
  readonly output: string
  /** config.json keys of the model to make; undefined where one is gone on from. */
  readonly model?: Record<string, unknown> & { model_type: string }
  readonly training: Omit<PretrainSettings, "model" | "from">
  readonly speedrun: SpeedrunSettings
}

/** Width for each layer of depth, and features of one attention head: deep and narrow is what small budgets like. */
const HEAD_SIZE = 32
/** Widths inside the feed-forward are multiples of this. */
const WIDTH_STEP = 64
/** Deviation of the first weights times √width: logits begin small, yet large enough to learn from at once. */
const INITIAL_DEVIATION = 0.68
const DEFAULT_CONTEXT = 256
/** Tokens of a step where a recipe does not say, rounded to whole rows. */
const BATCH_TOKENS = 8192
/** The rate for a model of this width; others scale with 1/√width. */
const REFERENCE_RATE = 3e-3
const REFERENCE_WIDTH = 128
/** Tokens a model reads for each parameter where a recipe does not say how long to train (Hoffmann et al. 2022). */
const TOKENS_PER_PARAMETER = 20

/**
 * The model that a depth stands for: a Llama of that many layers, 32 wide for each, one head for each 32.
 *
 * @param depth  layers, from 1
 */
export function modelOfDepth(depth: number): Record<string, unknown> & { model_type: string } {
  const width = HEAD_SIZE * depth
  return {
    model_type: "llama",
    hidden_size: width,
    intermediate_size: Math.ceil((width * 8) / 3 / WIDTH_STEP) * WIDTH_STEP,
    num_hidden_layers: depth,
    num_attention_heads: depth,
    tie_word_embeddings: true,
    initializer_range: Number((INITIAL_DEVIATION / Math.sqrt(width)).toPrecision(2)),
    scale_residual_initializer: true,
  }
}

/**
 * Derives what is left out.
 *
 * @throws RECIPE_INVALID when a recipe names neither depth, model nor from, or both a model and from
 * @throws FAMILY_UNKNOWN, CONFIG_INVALID for an impossible model
 */
export function resolveRecipe(file: RecipeFile, { where, name }: { where: string; name: string }): Recipe {
  const { depth, from, model: overrides, training, speedrun, ...rest } = file
  if (from !== undefined && (depth !== undefined || overrides !== undefined))
    throw invalid(`${where}: from`, "either a folder to go on from, or depth and model", "both")
  const named = file.name ?? name
  const settings = { ...SPEEDRUN_DEFAULTS, ...speedrun }
  const common = { ...rest, name: named, output: file.output ?? `runs/${named}`, speedrun: settings }
  if (from !== undefined) {
    if (training.steps === undefined)
      throw invalid(`${where}: training.steps`, "how many steps to go on", "nothing", "set training.steps")
    return { ...common, from, training: trainingSettings(training, where) }
  }
  const context = training.context ?? DEFAULT_CONTEXT
  const model = resolveModel(depth, overrides, where)
  const { parameters, width } = sizeOfModel(model, { vocabularySize: file.tokenizer.vocabularySize, context, where })
  const batchTokens = training.batchTokens ?? Math.max(1, Math.round(BATCH_TOKENS / context)) * context
  const followed = {
    ...training,
    context,
    batchTokens,
    learningRate: training.learningRate ?? rateOfWidth(width),
    steps: training.steps ?? Math.max(1, Math.ceil((TOKENS_PER_PARAMETER * parameters) / batchTokens)),
  }
  const dial = depth === undefined ? {} : { depth }
  return { ...common, ...dial, model, training: trainingSettings(followed, where) }
}

/** The learning rate that suits a width. */
function rateOfWidth(width: number): number {
  return Number((REFERENCE_RATE * Math.sqrt(REFERENCE_WIDTH / width)).toPrecision(3))
}

/** Settings of pretraining as `pretrain` takes them. */
export function pretrainSettingsOf({ training, model, from }: Recipe): PretrainSettings {
  return { ...training, ...(model ? { model } : {}), ...(from ? { from } : {}) }
}

/** Parameters and width of a model before it is made, checked. */
export function sizeOfModel(
  { model_type: modelType, ...config }: Record<string, unknown> & { model_type: string },
  { vocabularySize, context, where = "recipe" }: { vocabularySize: number; context: number; where?: string },
): { parameters: number; width: number } {
  const family = familyOf(modelType, `${where}: model.model_type`)
  const contextKey = family.configKeys.find((key) => key === "n_positions" || key === "max_position_embeddings")
  const surroundings = { model_type: modelType, vocab_size: vocabularySize, [contextKey ?? ""]: context }
  if (contextKey === undefined) delete surroundings[""]
  const json = { ...surroundings, ...config }
  return family.describe(parseConfig(family, json, { where: `${where}: model`, unknownKeys: "refuse" }))
}

/** What depth says under what the recipe says; another family than depth's stands by itself. */
function resolveModel(
  depth: number | undefined,
  overrides: Record<string, unknown> | undefined,
  where: string,
): Record<string, unknown> & { model_type: string } {
  const modelType = overrides?.["model_type"]
  if (depth === undefined) {
    if (typeof modelType === "string") return { ...overrides, model_type: modelType }
    const fix = "set depth: 4, or model.model_type and the sizes of that family"
    if (!overrides) throw invalid(`${where}: depth`, "the size of the model", "nothing", fix)
    throw invalid(`${where}: model.model_type`, "a family, such as llama or gpt2", shown(modelType), fix)
  }
  const model = modelOfDepth(depth)
  if (modelType !== undefined && modelType !== model.model_type)
    throw invalid(
      `${where}: model.model_type`,
      `${model.model_type}, as depth says`,
      shown(modelType),
      "leave depth out",
    )
  return { ...model, ...overrides }
}

function trainingSettings(training: Omit<PretrainSettingsInput, "steps"> & { steps?: number }, where: string) {
  const { model: _, from: __, ...settings } = parsePretrainSettings(training, `${where}: training`)
  return settings
}

function invalid(where: string, wanted: string, came: string, fix?: string): GlossaError {
  return new GlossaError("RECIPE_INVALID", { where, wanted, came, ...(fix ? { fix } : {}) })
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value)
}
