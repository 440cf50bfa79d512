import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, specialPairs, tenths } from "./elementwise.cases.ts"
import { equalOp } from "./equal.ts"
import { EXACT, type OpCases } from "./op-case.cases.ts"

export const equalCases: OpCases = {
  op: equalOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [
    ...elementwiseCases(equalOp as OpDefinition<never>, [tenths(0), tenths(0)]),
    specialPairs(0, -0, 1, ...HUGE, ...INFINITIES),
  ],
}
