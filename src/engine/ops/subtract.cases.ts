import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, specialPairs } from "./elementwise.cases.ts"
import { type OpCases, ROUNDED_ONCE } from "./op-case.cases.ts"
import { subtractOp } from "./subtract.ts"

export const subtractCases: OpCases = {
  op: subtractOp as OpDefinition<never>,
  tolerance: ROUNDED_ONCE,
  cases: [...elementwiseCases(subtractOp as OpDefinition<never>), specialPairs(0, -1, ...HUGE, ...INFINITIES)],
}
