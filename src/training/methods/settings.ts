/** Settings of pretraining, checked: what a recipe's training part may say. */
import { z } from "zod"
import { GlossaError, nearestName } from "../../errors.ts"
import { ADAM_W_DEFAULTS, SCHEDULE_KINDS } from "../optim/index.ts"

const COUNT = "a whole number above 0"
const count = () => z.int(COUNT).min(1, COUNT)
const WHOLE = "a whole number of 0 or more"
const whole = () => z.int(WHOLE).min(0, WHOLE)
const POSITIVE = "a number above 0"
const positive = () => z.number(POSITIVE).gt(0, POSITIVE)
const NOT_NEGATIVE = "a number of 0 or more"
const notNegative = () => z.number(NOT_NEGATIVE).min(0, NOT_NEGATIVE)
const BETA = "a number from 0 to below 1"
const beta = () => z.number(BETA).min(0, BETA).lt(1, BETA)
const FLAG = "true or false"

const interval = z.strictObject({
  steps: count().optional().describe("Every so many steps."),
  seconds: positive().optional().describe("Every so many seconds of wall time."),
})

const LARGEST_SEED = 2 ** 32 - 1
const SEED = `a whole number from 0 to ${LARGEST_SEED}`

export const pretrainSchema = z.strictObject({
  model: z
    .looseObject({ model_type: z.string("a family, such as llama or gpt2") }, "an object of settings")
    .optional()
    .describe(
      "Keys of the family's config.json, `model_type` among them. What the tokenizer says is filled in. Not with `from`.",
    ),
  from: z
    .string("a folder")
    .optional()
    .describe("A model folder to go on from, with new optimizer states. Not with `model`."),
  context: count()
    .optional()
    .describe("Tokens that a row of text has: the longest sequence trained on. The model's own context when left out."),
  batchTokens: count().default(8192).describe("Tokens of one step; a multiple of the context."),
  microBatchTokens: count()
    .optional()
    .describe(
      "Tokens of one run of the program; the step is cut into as many as it takes. Bounds memory, changes no bits.",
    ),
  steps: whole().describe("Steps of the whole run."),
  maximumSeconds: positive().optional().describe("Ends the run after this wall time."),
  pace: z
    .enum(["steps", "time"], "steps or time")
    .default("steps")
    .describe("What moves the schedule: `steps`, or `time`: the part of maximumSeconds that has gone."),
  learningRate: positive().default(1e-3).describe("The highest rate of the schedule."),
  schedule: z
    .strictObject({
      kind: z
        .enum(SCHEDULE_KINDS, `one of ${SCHEDULE_KINDS.join(", ")}`)
        .default("cosine")
        .describe("How the rate goes after its warm-up: constant, cosine, linear, or wsd (warm-up, stable, decay)."),
      warmupSteps: whole().optional().describe("A twentieth of the steps, at most 100, when left out."),
      floor: notNegative()
        .optional()
        .describe("The rate at the end; a tenth of learningRate for cosine, else 0, when left out."),
      decaySteps: whole()
        .optional()
        .describe("Steps of the decay at the end of `wsd`; a fifth of the steps when left out."),
    })
    .prefault({})
    .describe("The learning rate over time."),
  betas: z
    .tuple([beta(), beta()], "two numbers from 0 to below 1")
    .default([...ADAM_W_DEFAULTS.betas])
    .describe("How much AdamW's moments keep each step."),
  epsilon: positive().default(ADAM_W_DEFAULTS.epsilon).describe("Added to the root of AdamW's second moment."),
  weightDecay: notNegative()
    .default(ADAM_W_DEFAULTS.weightDecay)
    .describe("Fraction that matrices lose a step, times the rate."),
  maximumGradientNorm: positive().default(1).describe("The norm that all gradients together are clipped to."),
  precision: z
    .enum(["auto", "f32", "bf16"], "auto, f32 or bf16")
    .default("auto")
    .describe("Numbers that products are made of."),
  seed: z
    .int(SEED)
    .min(0, SEED)
    .max(LARGEST_SEED, SEED)
    .default(1)
    .describe("Of the initial parameters and of the order of the text."),
  crossDocuments: z
    .boolean(FLAG)
    .default(false)
    .describe("Whether a row is one sequence even where it spans documents."),
  evaluateEvery: interval
    .default({ steps: 250 })
    .describe("Held-out bits per byte are measured at the beginning, at each interval, and at the end."),
  sampleEvery: interval
    .optional()
    .describe("Samples are asked for at the beginning and at each interval; never, when left out."),
  checkpointEvery: interval
    .default({ seconds: 300 })
    .describe("Checkpoints are saved at each interval and at the end."),
  keepCheckpoints: count().default(2).describe("Complete checkpoints that stay."),
})

/** Checked settings, defaults filled in. */
export type PretrainSettings = z.output<typeof pretrainSchema>
/** Settings as a person writes them. */
export type PretrainSettingsInput = z.input<typeof pretrainSchema>

/**
 * Checks settings and fills in defaults.
 *
 * @param where  names the source in errors, such as a recipe's file
 * @throws RECIPE_UNKNOWN_KEY naming the nearest key; RECIPE_INVALID naming the key, what was wanted and what came
 */
export function parsePretrainSettings(json: unknown, where = "settings"): PretrainSettings {
  const parsed = pretrainSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const key = issue.path.join(".")
  if (issue.code === "unrecognized_keys") throw unknownKey(issue.keys[0], issue.path, where)
  throw new GlossaError("RECIPE_INVALID", {
    where: key ? `${where}: ${key}` : where,
    wanted: issue.message,
    came: shown(valueAt(json, issue.path)),
  })
}

function unknownKey(key: string, path: readonly PropertyKey[], where: string): GlossaError {
  const place = pretrainSchema.shape[path[0] as keyof typeof pretrainSchema.shape] as z.ZodType | undefined
  const known = Object.keys(place ? innerShape(place) : pretrainSchema.shape)
  const nearest = nearestName(key, known)
  return new GlossaError("RECIPE_UNKNOWN_KEY", {
    where: `${where}: ${[...path, key].join(".")}`,
    wanted: "a key of pretraining",
    came: "an unknown one",
    fix: nearest ? `did you mean ${[...path, nearest].join(".")}?` : `known are ${known.join(", ")}`,
  })
}

/** The keys of an object schema under its defaults. */
function innerShape(schema: z.ZodType): Record<string, unknown> {
  let inner: unknown = schema
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional)
    inner = inner.unwrap()
  return inner instanceof z.ZodObject ? inner.shape : {}
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json)
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80)
}
