export { causal } from "./causal.ts"
export type { Objective, PackedInputs } from "./objective.ts"
