import type { OpDefinition } from "../graph/index.ts"
import { awayFromZero, elementwiseCases, INFINITIES, special } from "./elementwise.cases.ts"
import { type OpCases, ROUNDED_ONCE } from "./op-case.cases.ts"
import { reciprocalOp } from "./reciprocal.ts"

export const reciprocalCases: OpCases = {
  op: reciprocalOp as OpDefinition<never>,
  tolerance: ROUNDED_ONCE,
  cases: [
    ...elementwiseCases(reciprocalOp as OpDefinition<never>, [awayFromZero(0.2)]),
    special(0, 1e-20, 1e38, ...INFINITIES),
  ],
}
