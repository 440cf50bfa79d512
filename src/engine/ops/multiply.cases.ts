import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, specialPairs } from "./elementwise.cases.ts"
import { multiplyOp } from "./multiply.ts"
import { type OpCases, ROUNDED_ONCE } from "./op-case.cases.ts"

export const multiplyCases: OpCases = {
  op: multiplyOp as OpDefinition<never>,
  tolerance: ROUNDED_ONCE,
  cases: [...elementwiseCases(multiplyOp as OpDefinition<never>), specialPairs(0, -1, 1e-20, ...HUGE, ...INFINITIES)],
}
