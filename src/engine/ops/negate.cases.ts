import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, special, TINY } from "./elementwise.cases.ts"
import { negateOp } from "./negate.ts"
import { EXACT, type OpCases } from "./op-case.cases.ts"

export const negateCases: OpCases = {
  op: negateOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [...elementwiseCases(negateOp as OpDefinition<never>), special(0, -0, ...HUGE, ...TINY, ...INFINITIES)],
}
