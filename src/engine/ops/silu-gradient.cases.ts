import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, specialPairs } from "./elementwise.cases.ts"
import type { OpCases } from "./op-case.cases.ts"
import { siluGradientOp } from "./silu-gradient.ts"

const tolerance = { absolute: 5e-7, relative: 1e-6, why: "a sum of two terms that may cancel" }

export const siluGradientCases: OpCases = {
  op: siluGradientOp as OpDefinition<never>,
  tolerance,
  bf16: tolerance,
  cases: [...elementwiseCases(siluGradientOp as OpDefinition<never>), specialPairs(0, 1, -30, 1e15, -1e15)],
}
