/** How good a model is, and a report that says so: the evaluation wing's door. */
export * from "./metrics/index.ts"
export * from "./report/index.ts"
