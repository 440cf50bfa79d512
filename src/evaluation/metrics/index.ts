/** Bits per byte, and the byte models that a language model is held against: the room's door. */
export { type BaselineOptions, type Baselines, measureBaselines, measureBaselinesHere } from "./baselines.ts"
export { bitsPerByte, bitsPerByteOfLoss, bitsToNats, natsToBits, perplexity } from "./bits-per-byte.ts"
export { type BrotliMeasurement, type BrotliOptions, brotliBitsPerByte } from "./brotli.ts"
export { ByteNgramModel, type NgramOptions, ngramBitsPerByte } from "./byte-ngram.ts"
export {
  compareTokenizers,
  type DomainSize,
  type DomainText,
  type DomainTokens,
  type NamedTokenizer,
  type TokenizerComparison,
  type TokenizerMeasurement,
} from "./bytes-per-token.ts"
export { countBytes, type DocumentBytes, joinDocuments, sampleDocuments } from "./documents.ts"
