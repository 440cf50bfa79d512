export { type BatchSource, countTargets, type SourcePosition, splitBatch, type TrainingBatch } from "./batch.ts"
export { Checkpoints, MANIFEST_FILE, type Manifest, type TrainingCheckpoint, verifyCheckpoint } from "./checkpoints.ts"
export type { Interval } from "./interval.ts"
export { type EvaluationMetrics, type Metrics, readMetrics, type StepMetrics } from "./metrics-file.ts"
export { type Progress, readProgress, type SavedProgress } from "./progress.ts"
export {
  type HeldOut,
  type RunFiles,
  type TrainHooks,
  type TrainOptions,
  type TrainResult,
  train,
} from "./train.ts"
export { type HeldOutLoss, ROW_BLOCK, type StepResult, Trainer, type TrainerOptions } from "./trainer.ts"
