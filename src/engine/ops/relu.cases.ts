import type { OpDefinition } from "../graph/index.ts"
import { awayFromZero, elementwiseCases, HUGE, INFINITIES, special, TINY } from "./elementwise.cases.ts"
import { EXACT, type OpCases } from "./op-case.cases.ts"
import { reluOp } from "./relu.ts"

export const reluCases: OpCases = {
  op: reluOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [
    ...elementwiseCases(reluOp as OpDefinition<never>, [awayFromZero(0.01)]),
    special(0, -0, ...HUGE, ...TINY, ...INFINITIES),
  ],
}
