/** The tokenizer room's door. */
export type { AddedToken } from "./added-tokens.ts"
export { AutoTokenizer, hasTokenizer } from "./auto-tokenizer.ts"
export { firstInvalidByte } from "./byte-text.ts"
export type { Encoding, Offsets } from "./encoding.ts"
export {
  type ExplainedAddedToken,
  type ExplainedPiece,
  type ExplainedStretch,
  type ExplainedToken,
  type ExplainOptions,
  type Explanation,
  explain,
} from "./explaining/explain.ts"
export { legible, legibleToken } from "./explaining/legible.ts"
export type {
  MatchStep,
  MatchSteps,
  MergeStep,
  MergeSteps,
  PathSteps,
  PieceSteps,
  ScoredToken,
  TokenPath,
  VocabularyToken,
  WholeSteps,
} from "./explaining/piece-steps.ts"
export { type BytePairParts, tokenizerFromBpe } from "./formats/byte-pairs.ts"
export { tokenizerFromGguf } from "./formats/gguf.ts"
export { type GgufTokenizer, ggufTokenizer } from "./formats/gguf-export.ts"
export { tokenizerFromLlama2c } from "./formats/llama2c.ts"
export { mergesTextOf, tokenizerFromMergesText } from "./formats/merges-text.ts"
export {
  type SentencePieceParts,
  sentencePieceFileOf,
  sentencePieceOf,
  tokenizerFromSentencePiece,
  tokenizerFromSentencePieceFile,
} from "./formats/sentencepiece.ts"
export {
  type PieceType,
  readSentencePieceModel,
  type SentencePiece,
  type SentencePieceModel,
  writeSentencePieceModel,
} from "./formats/sentencepiece-file.ts"
export { type TiktokenOptions, tiktokenFileOf, tokenizerFromTiktoken } from "./formats/tiktoken.ts"
export { tokenizerFromVocabularyText, vocabularyTextOf } from "./formats/vocabulary-text.ts"
export { IdBuffer } from "./id-buffer.ts"
export type { OffsetUnit } from "./offset-units.ts"
export type { PackedIds } from "./packed-ids.ts"
export type { Padding } from "./padding.ts"
export { SPLIT_PATTERNS, type SplitPatternName } from "./pattern.ts"
export {
  DEFAULT_SPECIAL_ROLES,
  DEFAULT_SPECIAL_TOKENS,
  SPECIAL_TOKEN_DEFINITIONS,
  type SpecialRoles,
  type SpecialTokenDefinition,
} from "./special-tokens.ts"
export type { SubwordSampling } from "./subword-sampler.ts"
export {
  type DecodeOptions,
  type DecodeStream,
  type EncodeInput,
  type EncodeOptions,
  type FullEncodeOptions,
  type ThreadOptions,
  Tokenizer,
  type TokenizerCompanions,
  type TokenizerJson,
} from "./tokenizer.ts"
export * from "./trainers/index.ts"
export type { Truncation, TruncationStrategy } from "./truncation.ts"
