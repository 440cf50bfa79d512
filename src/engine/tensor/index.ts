export * from "./dtype.ts"
export * from "./host-array.ts"
export * from "./shape.ts"
