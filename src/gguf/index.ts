/** GGUF files, in and out: metadata and the bytes of tensors, without what they mean. */
export { GgufFile, type GgufTensor, isGgufPath } from "./file.ts"
export { GgufMetadata } from "./metadata.ts"
export { GGUF_TENSOR_TYPES, type GgufTensorType, ggufTensorBytes } from "./tensor-types.ts"
export type { GgufArray, GgufValue, GgufValueType } from "./values.ts"
export { type GgufSink, type GgufTensorToWrite, writeGguf } from "./writer.ts"
