/** Weights: safetensors files and Hugging Face model folders, in and out. */
export { Checkpoint, WEIGHTS_FILE, WEIGHTS_INDEX } from "./checkpoint.ts"
export { importLlama2c } from "./llama2c.ts"
export { type CheckpointMatch, fillParameters, matchCheckpoint, type ParameterSources } from "./load-parameters.ts"
export {
  CONFIG_FILE,
  GENERATION_CONFIG_FILE,
  type ModelFolderConfig,
  type ModelToSave,
  readModelConfig,
  type SaveOptions,
  writeModelFolder,
} from "./model-folder.ts"
export { readJson } from "./read-json.ts"
export { type ByteSink, type FileToWrite, replaceFiles } from "./replace-files.ts"
export { damaged, SafetensorsFile, type StoredTensor } from "./safetensors.ts"
export { type TensorToWrite, type WrittenType, writeSafetensors } from "./safetensors-writer.ts"
export type { StoredType } from "./stored-numbers.ts"
