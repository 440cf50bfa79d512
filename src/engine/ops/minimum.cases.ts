import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, specialPairs, tenths } from "./elementwise.cases.ts"
import { minimumOp } from "./minimum.ts"
import { EXACT, type OpCases } from "./op-case.cases.ts"

export const minimumCases: OpCases = {
  op: minimumOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [
    ...elementwiseCases(minimumOp as OpDefinition<never>, [tenths(0), tenths(0.05)]),
    specialPairs(0, 1, ...HUGE, ...INFINITIES),
  ],
}
