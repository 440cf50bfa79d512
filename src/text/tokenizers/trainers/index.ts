/** Trainers: text in, a tokenizer out. */
export type {
  BpeTrainingOptions,
  ByteFallbackBpeTrainingOptions,
  CommonTrainingOptions,
  TrainingAlgorithm,
  TrainingDocuments,
  TrainingNormalizer,
  TrainTokenizerOptions,
  UnigramTrainingOptions,
  WordPieceTrainingOptions,
} from "./options.ts"
export type { CountSummary, TrainingProgress } from "./progress.ts"
export { WORD_PATTERN } from "./splitting.ts"
export { TRAINING_ALGORITHMS, trainBpe, trainTokenizer, trainTokenizerJson } from "./train-tokenizer.ts"
