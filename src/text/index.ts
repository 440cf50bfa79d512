/** The text wing's door: bytes to ids and back, and text to training rows. */
export * from "./corpus/index.ts"
export * from "./tokenizers/index.ts"
