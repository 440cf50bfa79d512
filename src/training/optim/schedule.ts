/** Learning rates as pure functions of the step: nothing is remembered, so a resumed run reads the same rates. */
import { GlossaError } from "../../errors.ts"

/** The rate of step `step`, counted from 0; fractions of steps and steps beyond the last are allowed. */
export type Schedule = (step: number) => number

export interface ScheduleShape {
  /** The highest rate, reached at the end of the warm-up. */
  readonly peak: number
  /** The rate at the end; 0 when left out. */
  readonly floor?: number
  /** Steps over which the rate rises from peak/warmupSteps to the peak; 0 when left out. */
  readonly warmupSteps?: number
}

/** The names that settings use. `wsd` is warm-up, stable, decay. */
export const SCHEDULE_KINDS = ["constant", "cosine", "linear", "wsd"] as const
export type ScheduleKind = (typeof SCHEDULE_KINDS)[number]

export interface ScheduleSettings extends ScheduleShape {
  readonly kind: ScheduleKind
  /** Steps of the whole run, warm-up and decay among them. */
  readonly totalSteps: number
  /** Steps of the decay at the end of `wsd`; a fifth of the run when left out. */
  readonly decaySteps?: number
}

/**
 * The schedule that settings name.
 *
 * @throws RECIPE_INVALID for negative rates or steps, a floor above the peak, or a warm-up and decay longer than the run
 */
export function createSchedule({ kind, totalSteps, decaySteps, ...shape }: ScheduleSettings): Schedule {
  checkShape({ kind, totalSteps, ...shape })
  if (kind === "constant") return warmupConstant(shape)
  if (kind === "cosine") return warmupCosine({ ...shape, totalSteps })
  if (kind === "linear") return warmupLinear({ ...shape, totalSteps })
  return warmupStableDecay({ ...shape, totalSteps, decaySteps: decaySteps ?? Math.floor(totalSteps / 5) })
}

/** Warm-up, then the peak for ever. */
export function warmupConstant({ peak, warmupSteps = 0 }: ScheduleShape): Schedule {
  return (step) => warmup(step, peak, warmupSteps) ?? peak
}

/**
 * Warm-up, then half a cosine from the peak to the floor.
 *
 *   rate = floor + ½ (1 + cos(π · (step − warmup) / (total − warmup))) · (peak − floor)
 *
 * @paper Loshchilov & Hutter 2016, arXiv:1608.03983
 */
export function warmupCosine(shape: ScheduleShape & { readonly totalSteps: number }): Schedule {
  const { peak, floor = 0, warmupSteps = 0, totalSteps } = shape
  return (step) => {
    const progress = fraction(step, warmupSteps, totalSteps)
    return warmup(step, peak, warmupSteps) ?? floor + 0.5 * (1 + Math.cos(Math.PI * progress)) * (peak - floor)
  }
}

/** Warm-up, then a straight line from the peak to the floor (to zero when it is left out). */
export function warmupLinear(shape: ScheduleShape & { readonly totalSteps: number }): Schedule {
  const { peak, floor = 0, warmupSteps = 0, totalSteps } = shape
  return (step) => warmup(step, peak, warmupSteps) ?? peak + (floor - peak) * fraction(step, warmupSteps, totalSteps)
}

/**
 * Warm-up, then the peak, then a straight line to the floor over the last `decaySteps`.
 *
 * @paper Hu et al. 2024, arXiv:2404.06395
 */
export function warmupStableDecay(
  shape: ScheduleShape & { readonly totalSteps: number; readonly decaySteps: number },
): Schedule {
  const { peak, floor = 0, warmupSteps = 0, totalSteps, decaySteps } = shape
  return (step) =>
    warmup(step, peak, warmupSteps) ?? peak + (floor - peak) * fraction(step, totalSteps - decaySteps, totalSteps)
}

/** The rate while warming up, undefined after: step 0 already moves, step warmupSteps − 1 has the peak. */
function warmup(step: number, peak: number, warmupSteps: number): number | undefined {
  return step < warmupSteps ? (peak * Math.min(step + 1, warmupSteps)) / warmupSteps : undefined
}

/** How far `step` is from `start` to `end`, from 0 to 1. */
function fraction(step: number, start: number, end: number): number {
  if (step <= start) return 0
  return step >= end ? 1 : (step - start) / (end - start)
}

function checkShape({ peak, floor = 0, warmupSteps = 0, totalSteps }: ScheduleSettings): void {
  const fault = (where: string, wanted: string, came: number): GlossaError =>
    new GlossaError("RECIPE_INVALID", { where, wanted, came: String(came) })
  if (!(peak > 0 && Number.isFinite(peak))) throw fault("learningRate", "a positive number", peak)
  if (!(floor >= 0 && floor <= peak)) throw fault("schedule.floor", `a rate from 0 to the peak (${peak})`, floor)
  if (!(totalSteps >= 0)) throw fault("steps", "0 or more", totalSteps)
  if (!(warmupSteps >= 0)) throw fault("schedule.warmupSteps", "0 or more", warmupSteps)
}
