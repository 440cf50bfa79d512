import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, INFINITIES, special, TINY } from "./elementwise.cases.ts"
import { type OpCases, ROUNDED_ONCE } from "./op-case.cases.ts"
import { squareOp } from "./square.ts"

export const squareCases: OpCases = {
  op: squareOp as OpDefinition<never>,
  tolerance: ROUNDED_ONCE,
  cases: [...elementwiseCases(squareOp as OpDefinition<never>), special(0, 1e20, -1e20, ...TINY, ...INFINITIES)],
}
