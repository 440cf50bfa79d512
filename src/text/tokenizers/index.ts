/** The tokenizer room's door. */
export type { AddedToken } from "./added-tokens.ts"
export { AutoTokenizer, hasTokenizer } from "./auto-tokenizer.ts"
export { firstInvalidByte } from "./byte-text.ts"
export { tokenizerFromGguf } from "./gguf.ts"
export { type GgufTokenizer, ggufTokenizer } from "./gguf-export.ts"
export { tokenizerFromLlama2c } from "./llama2c.ts"
export { SPLIT_PATTERNS, type SplitPatternName } from "./pattern.ts"
export {
  DEFAULT_SPECIAL_ROLES,
  DEFAULT_SPECIAL_TOKENS,
  SPECIAL_TOKEN_DEFINITIONS,
  type SpecialRoles,
  type SpecialTokenDefinition,
} from "./special-tokens.ts"
export {
  type DecodeOptions,
  type DecodeStream,
  type EncodeOptions,
  Tokenizer,
  type TokenizerCompanions,
  type TokenizerJson,
} from "./tokenizer.ts"
export * from "./trainers/index.ts"
