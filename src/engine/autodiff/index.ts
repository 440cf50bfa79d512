export { accumulate, type RunningSum } from "./accumulate.ts"
export { grad, gradientTerms } from "./grad.ts"
