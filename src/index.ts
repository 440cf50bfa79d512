/** The package's door: the wings joined. */
export {
  createExecutor,
  defaultExecutor,
  type Executor,
  type PrecisionPolicy,
  setDefaultExecutor,
} from "./engine/index.ts"
export { type ErrorCode, GlossaError } from "./errors.ts"
export * from "./evaluation/index.ts"
export {
  type Generated,
  type GeneratedPiece,
  type GenerateOptions,
  type GenerationSettings,
  TextGenerator,
} from "./generation/index.ts"
export { AutoModelForCausalLM, type FromPretrainedOptions, LanguageModel } from "./language-model.ts"
export { CausalLanguageModel, type ModelDescription } from "./models/index.ts"
export { loadRecipe, parseRecipe, printRecipe, type Recipe, recipeSchema } from "./recipes/index.ts"
export {
  AutoTokenizer,
  readCorpus,
  splitHeldOut,
  type Tokenizer,
  tokenizeCorpus,
  trainBpe,
  trainTokenizer,
} from "./text/index.ts"
export { type PretrainSettings, type PretrainSettingsInput, pretrain } from "./training/index.ts"
