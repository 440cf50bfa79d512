import type { OpDefinition } from "../graph/index.ts"
import { addOp } from "./add.ts"
import { elementwiseCases, HUGE, INFINITIES, specialPairs } from "./elementwise.cases.ts"
import { type OpCases, ROUNDED_ONCE } from "./op-case.cases.ts"

export const addCases: OpCases = {
  op: addOp as OpDefinition<never>,
  tolerance: ROUNDED_ONCE,
  cases: [...elementwiseCases(addOp as OpDefinition<never>), specialPairs(0, -1, ...HUGE, ...INFINITIES)],
}
