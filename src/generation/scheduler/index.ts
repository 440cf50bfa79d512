/** The scheduler room's door. */
export { Scheduler, type SchedulerOptions } from "./scheduler.ts"
export { type BitComparison, compareBits, compareLogProbabilities, Scorer, type ScorerOptions } from "./scorer.ts"
export type {
  Candidate,
  FinishReason,
  GeneratedToken,
  GenerationRequest,
  GenerationResult,
} from "./sequence.ts"
