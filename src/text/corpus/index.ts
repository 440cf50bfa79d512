/** The corpus room's door. */
export { BatchLoader, type BatchLoaderOptions, type LoaderPosition } from "./batch-loader.ts"
export { type Batch, type BatchOptions, IGNORED_TARGET } from "./batches.ts"
export { type CorpusDocument, cleanText, HELD_OUT_EVERY, type HeldOutSplit, splitHeldOut } from "./documents.ts"
export { type EvaluationOptions, evaluationBatches } from "./evaluation-batches.ts"
export { type Corpus, type ReadCorpusOptions, readCorpus, type SourceRecord } from "./sources.ts"
export { type CorpusStream, type CorpusStretch, type StreamCorpusOptions, streamCorpus } from "./streams.ts"
export { type TokenizedSplit, type TokenizeProgress, tokenizeCorpus } from "./tokenized.ts"
