import type { OpDefinition } from "../graph/index.ts"
import { gradientSumOp } from "./gradient-sum.ts"
import type { OpCases } from "./op-case.cases.ts"
import { sumCases } from "./sum.cases.ts"

export const gradientSumCases: OpCases = {
  ...sumCases,
  op: gradientSumOp as OpDefinition<never>,
  bf16: { ...sumCases.tolerance, why: "numbers are rounded before they are added, which is float32" },
}
