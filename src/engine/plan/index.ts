export { joinContinuedSums } from "./continued.ts"
export {
  type Guard,
  type Home,
  type Instruction,
  type Operand,
  type PersistentPack,
  type Value,
  ValueFactory,
} from "./instruction.ts"
export { ALIGNMENT } from "./places.ts"
export { type Plan, planGraph } from "./plan.ts"
export { applyPrecision } from "./precision.ts"
export { printPlan } from "./print.ts"
