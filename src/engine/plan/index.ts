export { applyPrecision } from "./precision.ts"
