import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, specialPairs } from "./elementwise.cases.ts"
import { geluTanhGradientOp } from "./gelu-tanh-gradient.ts"
import type { OpCases } from "./op-case.cases.ts"

const tolerance = { absolute: 2e-6, relative: 1e-6, why: "a sum of two terms that may cancel" }

export const geluTanhGradientCases: OpCases = {
  op: geluTanhGradientOp as OpDefinition<never>,
  tolerance,
  bf16: tolerance,
  cases: [...elementwiseCases(geluTanhGradientOp as OpDefinition<never>), specialPairs(0, 1, -12, 1e10, -1e10)],
}
