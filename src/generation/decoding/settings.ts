/** What a caller may ask of generation, in the names that people know from transformers, and what the program gets. */
import { z } from "zod"
import { GlossaError, nearestName } from "../../errors.ts"

const positive = z.number().int().min(1)
const share = z.number().min(0).max(1)

/** Every setting, its range, and what leaving it out means. */
export const generationSettingsSchema = z.strictObject({
  /** Most tokens to make. Default 256. */
  maxNewTokens: positive.optional().describe("a whole number from 1"),
  /** Draw (true) or always take the likeliest (false). Default: draw when a setting of drawing is given. */
  doSample: z.boolean().optional().describe("true or false"),
  /** What logits are divided by before drawing; 0 takes the likeliest. Default 1 when drawing. */
  temperature: z.number().min(0).optional().describe("a number from 0"),
  /** Draw among the K likeliest; 0 for all. Default 0. */
  topK: z.number().int().min(0).optional().describe("a whole number from 0"),
  /** Draw among the fewest tokens whose probability reaches this. Default 1. */
  topP: share.optional().describe("a number from 0 to 1"),
  /** Draw among tokens at least this many times as likely as the likeliest. Default 0. */
  minP: share.optional().describe("a number from 0 to 1"),
  /** The same seed, prompt and settings give the same text. Default: a new one each time; the result tells which. */
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe("a whole number from 0 to 2⁵³ − 1"),
  /** Texts that end generation; they are not part of what comes back. */
  stop: z
    .union([z.string().min(1), z.array(z.string().min(1))])
    .optional()
    .describe("a text or texts of one character or more"),
  /** Ids that end generation beside the model's own end-of-text ids. */
  stopIds: z.array(z.number().int().min(0)).optional().describe("token ids"),
  /** Go on past the model's end-of-text ids. Default false. */
  ignoreEos: z.boolean().optional().describe("true or false"),
  /** How many of the likeliest tokens to tell of at each step. Default 0. */
  topLogprobs: z.number().int().min(0).optional().describe("a whole number from 0"),
})

/** Settings as a caller writes them. */
export type GenerationSettings = z.input<typeof generationSettingsSchema>

/** Settings with nothing left open. */
export interface ResolvedSettings {
  readonly maxNewTokens: number
  /** 0 takes the likeliest. */
  readonly temperature: number
  readonly topK: number
  readonly topP: number
  readonly minP: number
  readonly seed: number
  readonly stop: readonly string[]
  readonly stopIds: readonly number[]
  readonly ignoreEos: boolean
  readonly topLogprobs: number
}

/**
 * Checks settings and fills in what is left open.
 *
 * @param newSeed  gives the seed where none was asked for
 * @throws SAMPLING_INVALID naming the setting, its range and what came
 */
export function resolveSettings(settings: GenerationSettings, newSeed: () => number): ResolvedSettings {
  const parsed = generationSettingsSchema.safeParse(settings)
  if (!parsed.success) throw settingFault(settings, parsed.error.issues[0])
  const { temperature, topK, topP, minP, seed, stop, ...rest } = parsed.data
  const asksToDraw = [temperature, topK, topP, minP, seed].some((value) => value !== undefined)
  const draws = rest.doSample ?? asksToDraw
  if (rest.doSample && temperature === 0)
    throw new GlossaError("SAMPLING_INVALID", {
      where: "temperature",
      wanted: "a number above 0 where doSample is true",
      came: "0",
      fix: "leave doSample out to take the likeliest token each time",
    })
  return {
    maxNewTokens: rest.maxNewTokens ?? 256,
    temperature: draws ? (temperature ?? 1) : 0,
    topK: topK ?? 0,
    topP: topP ?? 1,
    minP: minP ?? 0,
    seed: seed ?? newSeed(),
    stop: typeof stop === "string" ? [stop] : (stop ?? []),
    stopIds: rest.stopIds ?? [],
    ignoreEos: rest.ignoreEos ?? false,
    topLogprobs: rest.topLogprobs ?? 0,
  }
}

function settingFault(settings: unknown, issue: z.core.$ZodIssue): GlossaError {
  const { shape } = generationSettingsSchema
  const known = Object.keys(shape)
  if (issue.code === "unrecognized_keys") {
    const nearest = nearestName(issue.keys[0], known)
    return new GlossaError("SAMPLING_INVALID", {
      where: issue.keys[0],
      wanted: `one of ${known.join(", ")}`,
      came: "a setting that does not exist",
      ...(nearest ? { fix: `did you mean ${nearest}?` } : {}),
    })
  }
  const name = issue.path[0] as keyof typeof shape | undefined
  const came = name === undefined ? settings : (settings as Record<string, unknown>)[name]
  return new GlossaError("SAMPLING_INVALID", {
    where: name ?? "generation settings",
    wanted: name === undefined ? "an object of settings" : (shape[name].description ?? issue.message),
    came: JSON.stringify(came, (_, value) => (typeof value === "number" ? numberText(value) : value)) ?? String(came),
  })
}

/** A number as text where JSON has none (NaN, infinities); itself otherwise. */
function numberText(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}
