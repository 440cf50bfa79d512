import type { OpDefinition } from "../graph/index.ts"
import { between, elementwiseCases, INFINITIES, special } from "./elementwise.cases.ts"
import { type OpCases, ROUNDED_ONCE } from "./op-case.cases.ts"
import { sqrtOp } from "./sqrt.ts"

export const sqrtCases: OpCases = {
  op: sqrtOp as OpDefinition<never>,
  tolerance: ROUNDED_ONCE,
  cases: [
    ...elementwiseCases(sqrtOp as OpDefinition<never>, [between(0.1, 9)]),
    special(0, 1, 3.4e38, 1.2e-38, -1, ...INFINITIES),
  ],
}
