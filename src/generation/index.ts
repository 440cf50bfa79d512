/** The generation wing's door: how a model speaks. */
export * from "./assistant/index.ts"
export * from "./cache/index.ts"
export * from "./decoding/index.ts"
export * from "./scheduler/index.ts"
