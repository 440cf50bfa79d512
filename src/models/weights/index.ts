/** Weights: safetensors files, Hugging Face model folders and GGUF files, in and out. */
export { Checkpoint, WEIGHTS_FILE, WEIGHTS_INDEX } from "./checkpoint.ts"
export { type GgufDType, type GgufOptions, writeGgufModel } from "./gguf-export.ts"
export { importLlama2c } from "./llama2c.ts"
export { fillParameters } from "./load-parameters.ts"
export {
  CONFIG_FILE,
  GENERATION_CONFIG_FILE,
  type ModelFolderConfig,
  type ModelToSave,
  readModelConfig,
  type SaveOptions,
  writeModelFolder,
} from "./model-folder.ts"
export { numbersToSave } from "./numbers-to-save.ts"
export { readJson } from "./read-json.ts"
export { type ByteSink, type FileToWrite, replaceFiles } from "./replace-files.ts"
export { SafetensorsFile, type StoredTensor } from "./safetensors.ts"
export { type TensorToWrite, type WrittenType, writeSafetensors } from "./safetensors-writer.ts"
export { openStoredModel, type StoredBlocks, type StoredModel } from "./stored-model.ts"
export type { StoredType } from "./stored-numbers.ts"
