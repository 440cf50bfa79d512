import type { OpDefinition } from "../graph/index.ts"
import { between, elementwiseCases, INFINITIES, special } from "./elementwise.cases.ts"
import type { OpCases } from "./op-case.cases.ts"
import { sinOp } from "./sin.ts"

export const sinCases: OpCases = {
  op: sinOp as OpDefinition<never>,
  tolerance: { absolute: 2e-7, relative: 3e-7, why: "two units in the last place of 1 near the zeros" },
  cases: [
    ...elementwiseCases(sinOp as OpDefinition<never>, [between(-7, 7)]),
    special(0, 1e-20, Math.PI, 99999, 123456, -1e6, ...INFINITIES),
  ],
}
