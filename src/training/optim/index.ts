export { ADAM_W_DEFAULTS, AdamW, type AdamWSettings } from "./adam-w.ts"
export { clipScale, globalNorm } from "./clip.ts"
export type { Optimizer, TrainedParameter } from "./optimizer.ts"
export {
  createSchedule,
  SCHEDULE_KINDS,
  type Schedule,
  type ScheduleKind,
  type ScheduleSettings,
  type ScheduleShape,
  warmupConstant,
  warmupCosine,
  warmupLinear,
  warmupStableDecay,
} from "./schedule.ts"
