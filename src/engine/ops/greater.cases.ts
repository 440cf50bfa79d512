import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, specialPairs, tenths } from "./elementwise.cases.ts"
import { greaterOp } from "./greater.ts"
import { EXACT, type OpCases } from "./op-case.cases.ts"

export const greaterCases: OpCases = {
  op: greaterOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [
    ...elementwiseCases(greaterOp as OpDefinition<never>, [tenths(0), tenths(0)]),
    specialPairs(0, -0, 1, ...HUGE, ...INFINITIES),
  ],
}
