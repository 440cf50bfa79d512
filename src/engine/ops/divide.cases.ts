import type { OpDefinition } from "../graph/index.ts"
import { divideOp } from "./divide.ts"
import { awayFromZero, elementwiseCases, HUGE, INFINITIES, normal, specialPairs } from "./elementwise.cases.ts"
import { type OpCases, ROUNDED_ONCE } from "./op-case.cases.ts"

export const divideCases: OpCases = {
  op: divideOp as OpDefinition<never>,
  tolerance: ROUNDED_ONCE,
  cases: [
    ...elementwiseCases(divideOp as OpDefinition<never>, [normal, awayFromZero(0.2)]),
    specialPairs(0, -1, 1e-20, ...HUGE, ...INFINITIES),
  ],
}
