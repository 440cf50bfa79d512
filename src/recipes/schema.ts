/** What a recipe may say. Every key carries its explanation; a key that is not here is an error. */
import { z } from "zod"
import { SPLIT_PATTERNS } from "../text/index.ts"
import { pretrainSchema } from "../training/index.ts"

const TEXT = "a text"
const text = () => z.string(TEXT).min(1, "a text that is not empty")
const COUNT = "a whole number above 0"
const count = () => z.int(COUNT).min(1, COUNT)
const POSITIVE = "a number above 0"
const positive = () => z.number(POSITIVE).gt(0, POSITIVE)
const DEPTH = "a whole number from 1 to 64"
const depth = () => z.int(DEPTH).min(1, DEPTH).max(64, DEPTH)
const SOURCES = "a file, folder, pattern or npm:PACKAGE, or a list of them"
const SECTION = "an object of settings"

const corpusSchema = z.strictObject(
  {
    sources: z
      .union([text().transform((source) => [source]), z.array(text()).min(1)], SOURCES)
      .describe(`Files, folders, patterns such as 'src/**/*.ts', npm:PACKAGE; \${GLOSSA_DATA} in them is replaced.`),
    field: text().default("text").describe("Key that holds the text in JSONL files."),
  },
  SECTION,
)

const VOCABULARY = "a whole number from 276 to 1000000"
const tokenizerSchema = z.strictObject(
  {
    from: text().optional().describe("Folder of a tokenizer to use; without it one is trained on the training text."),
    vocabularySize: z
      .int(VOCABULARY)
      .min(276, VOCABULARY)
      .max(1_000_000, VOCABULARY)
      .default(4096)
      .describe("Ids in all: special tokens, 256 bytes, learned pieces."),
    splitPattern: text()
      .default("cl100k")
      .describe(
        `How text is cut before merging: ${Object.keys(SPLIT_PATTERNS).join(", ")}, or a pattern of one's own.`,
      ),
  },
  SECTION,
)

const SHARE = "a number from 0 to 2"
const sampleSchema = z.strictObject(
  {
    prompt: z.string(TEXT).default("").describe("Continued as training goes, always the same."),
    maxNewTokens: count().default(48).describe("Tokens of a continuation."),
    temperature: z.number(SHARE).min(0, SHARE).max(2, SHARE).default(0.7).describe("0 takes the likeliest token."),
  },
  SECTION,
)

const speedrunSchema = z.strictObject(
  {
    minutes: positive().default(5).describe("Wall time of everything, from reading text to the report."),
    depths: z
      .array(depth(), "a list of whole numbers from 1 to 64")
      .min(1, "at least one depth")
      .default([1, 2, 3, 4, 5, 6, 8, 10, 12])
      .describe("Sizes to choose among: the largest that reads enough tokens in the time is taken."),
    tokensPerParameter: positive()
      .default(1)
      .describe("Tokens that a model must be able to read in the time for each of its parameters."),
    steps: count().default(2400).describe("Steps to aim at: batches are made smaller on slower machines to reach it."),
    maximumEpochs: positive().default(12).describe("Passes over the text after which no more is learned."),
    sampleSeconds: positive().default(15).describe("Between two continuations of the prompt."),
  },
  SECTION,
)

const trainingShape = pretrainSchema.omit({ model: true, from: true }).shape
const { steps, batchTokens, learningRate } = trainingShape

/** Keys of training that follow from the model where a recipe leaves them out. */
const followingShape = {
  steps: steps.optional().describe("Steps of the whole run; as many as read 20 tokens a parameter when left out."),
  batchTokens: batchTokens.unwrap().optional().describe(`${batchTokens.description} About 8192 when left out.`),
  learningRate: learningRate
    .unwrap()
    .optional()
    .describe(`${learningRate.description} 0.003 · √(128 / width) when left out.`),
}

/** A recipe as a person writes it. */
export const recipeSchema = z.strictObject(
  {
    name: text().optional().describe("Name of the run; the file's name when left out."),
    output: text().optional().describe("Folder of the run, which becomes a model folder; runs/NAME when left out."),
    depth: depth()
      .optional()
      .describe(
        "The one dial: layers of a Llama of width 32 · depth; model and training follow, and may be overridden.",
      ),
    corpus: corpusSchema.describe("The text."),
    tokenizer: tokenizerSchema.prefault({}).describe("How text becomes ids."),
    from: text().optional().describe("A model folder to go on from, in place of depth and model."),
    model: z
      .record(z.string(), z.unknown(), SECTION)
      .optional()
      .describe("Keys of the family's config.json, model_type among them; over what depth says."),
    training: z
      .strictObject({ ...trainingShape, ...followingShape }, SECTION)
      .prefault({})
      .describe("How it is trained."),
    sample: sampleSchema.prefault({}).describe("What is written as training goes."),
    speedrun: speedrunSchema.optional().describe("How `glossa speedrun` sizes itself; other commands pass over it."),
  },
  SECTION,
)

/** A recipe as a person writes it. */
export type RecipeInput = z.input<typeof recipeSchema>
/** A checked recipe, defaults filled in, nothing derived yet. */
export type RecipeFile = z.output<typeof recipeSchema>
/** Settings by which a speedrun sizes itself. */
export type SpeedrunSettings = z.output<typeof speedrunSchema>

/** Speedrun settings where a recipe has none. */
export const SPEEDRUN_DEFAULTS: SpeedrunSettings = speedrunSchema.parse({})
