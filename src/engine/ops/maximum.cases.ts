import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, specialPairs, tenths } from "./elementwise.cases.ts"
import { maximumOp } from "./maximum.ts"
import { EXACT, type OpCases } from "./op-case.cases.ts"

export const maximumCases: OpCases = {
  op: maximumOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [
    ...elementwiseCases(maximumOp as OpDefinition<never>, [tenths(0), tenths(0.05)]),
    specialPairs(0, 1, ...HUGE, ...INFINITIES),
  ],
}
