import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, special, TINY } from "./elementwise.cases.ts"
import { finiteOp } from "./finite.ts"
import { EXACT, type OpCases } from "./op-case.cases.ts"

export const finiteCases: OpCases = {
  op: finiteOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [...elementwiseCases(finiteOp as OpDefinition<never>), special(0, -0, ...HUGE, ...TINY, ...INFINITIES)],
}
