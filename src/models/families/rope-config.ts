/**
 * Rotary settings of config files. Old files have `rope_theta` and `rope_scaling`, new ones `rope_parameters`: both are
 * read, and both are written, so that old and new readers understand the file.
 */
import { z } from "zod"
import type { RotaryScaling } from "../layers/index.ts"
import { positive, size } from "./config.ts"

const THETA = "a base above 1"
const theta = () => z.number(THETA).gt(1, THETA)
const FACTOR = "a factor of 1 or more"
const factor = () => z.number(FACTOR).min(1, FACTOR)

const scalingSchema = z
  .discriminatedUnion(
    "rope_type",
    [
      z.looseObject({ rope_type: z.literal("default"), rope_theta: theta() }),
      z.looseObject({ rope_type: z.literal("dynamic"), rope_theta: theta(), factor: factor() }),
      z.looseObject({ rope_type: z.literal("linear"), rope_theta: theta(), factor: factor() }),
      z.looseObject({
        rope_type: z.literal("llama3"),
        rope_theta: theta(),
        factor: factor(),
        low_freq_factor: positive(),
        high_freq_factor: positive(),
        original_max_position_embeddings: size(),
      }),
      z.looseObject({
        rope_type: z.literal("yarn"),
        rope_theta: theta(),
        factor: factor(),
        original_max_position_embeddings: size(),
        attention_factor: positive().nullish(),
        beta_fast: positive().nullish(),
        beta_slow: positive().nullish(),
        mscale: z.number("a number").nullish(),
        mscale_all_dim: z.number("a number").nullish(),
        truncate: z.boolean("true or false").nullish(),
      }),
    ],
    "a rope_type of default, linear, dynamic, llama3 or yarn",
  )
  .refine(
    (scaling) => scaling.rope_type !== "llama3" || scaling.high_freq_factor > scaling.low_freq_factor,
    "a high_freq_factor above low_freq_factor",
  )

const ROPE_OBJECT = "an object of rotary settings, or null"
/** The three keys as they come; `readRope` makes them one. */
export const ropeFields = {
  rope_theta: theta().nullish(),
  rope_scaling: z.record(z.string(), z.unknown(), ROPE_OBJECT).nullish(),
  rope_parameters: z.record(z.string(), z.unknown(), ROPE_OBJECT).nullish(),
}

/** The same settings under the keys of old and new readers. */
export interface RopeConfig {
  readonly rope_parameters: RotaryScaling
  readonly rope_theta: number
  readonly rope_scaling: Readonly<Record<string, unknown>> | null
}

interface RawRope {
  readonly rope_theta?: number | null
  readonly rope_scaling?: Record<string, unknown> | null
  readonly rope_parameters?: Record<string, unknown> | null
}

/** One reading of the three keys, for a schema's `transform`; faults go to its context. */
export function readRope(
  raw: RawRope & { readonly max_position_embeddings: number },
  context: z.core.$RefinementCtx,
): RopeConfig {
  const key = raw.rope_parameters ? "rope_parameters" : "rope_scaling"
  const settings: Record<string, unknown> = { ...fullAttention(raw.rope_parameters ?? raw.rope_scaling ?? {}) }
  settings["rope_type"] ??= settings["type"] ?? "default"
  settings["rope_theta"] ??= raw.rope_theta ?? 10_000
  if (settings["rope_type"] === "yarn") completeYarn(settings, raw.max_position_embeddings)
  const parsed = scalingSchema.safeParse(settings)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const path = issue.path.length ? [key, ...issue.path] : [key]
    context.addIssue({ code: "custom", message: issue.message, path, params: { came: cameAt(settings, issue.path) } })
    return z.NEVER
  }
  const { rope_theta, ...scaling } = parsed.data
  const isDefault = scaling.rope_type === "default"
  return {
    rope_parameters: parsed.data,
    rope_theta,
    rope_scaling: isDefault ? null : { ...scaling, type: scaling.rope_type },
  }
}

/** Models with several kinds of attention nest their settings by kind; a family of one kind reads that one. */
function fullAttention(settings: Record<string, unknown>): Record<string, unknown> {
  const nested = settings["full_attention"]
  return typeof nested === "object" && nested !== null ? (nested as Record<string, unknown>) : settings
}

/** Yarn may leave out the trained context or the factor: each follows from the other. */
function completeYarn(settings: Record<string, unknown>, context: number): void {
  settings["original_max_position_embeddings"] ??= context
  const trained = settings["original_max_position_embeddings"]
  if (typeof trained === "number") settings["factor"] ??= context / trained
}

function cameAt(settings: Record<string, unknown>, path: readonly PropertyKey[]): string {
  const value = path.length ? settings[path[0] as string] : settings
  return value === undefined ? "nothing" : JSON.stringify(value)
}
