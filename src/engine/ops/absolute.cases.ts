import type { OpDefinition } from "../graph/index.ts"
import { absoluteOp } from "./absolute.ts"
import { awayFromZero, elementwiseCases, HUGE, INFINITIES, special, TINY } from "./elementwise.cases.ts"
import { EXACT, type OpCases } from "./op-case.cases.ts"

export const absoluteCases: OpCases = {
  op: absoluteOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [
    ...elementwiseCases(absoluteOp as OpDefinition<never>, [awayFromZero(0.01)]),
    special(0, -0, ...HUGE, ...TINY, ...INFINITIES),
  ],
}
