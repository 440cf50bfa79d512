export { CorpusBatches, heldOutBatches } from "./corpus-batches.ts"
export { type MeasureOptions, measureTraining, type Throughput } from "./measure.ts"
export {
  createTrainer,
  type PretrainData,
  type PretrainHooks,
  type PretrainOptions,
  type PretrainResult,
  planBatches,
  pretrain,
  scheduleOf,
} from "./pretrain.ts"
export { type PretrainSettings, type PretrainSettingsInput, parsePretrainSettings, pretrainSchema } from "./settings.ts"
