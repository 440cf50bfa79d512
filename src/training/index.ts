/** The training wing's door: how a model learns. */
export * from "./loop/index.ts"
export * from "./methods/index.ts"
export * from "./objectives/index.ts"
export * from "./optim/index.ts"
