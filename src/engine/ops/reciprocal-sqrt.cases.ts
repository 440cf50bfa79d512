import type { OpDefinition } from "../graph/index.ts"
import { between, elementwiseCases, INFINITIES, special } from "./elementwise.cases.ts"
import type { OpCases } from "./op-case.cases.ts"
import { reciprocalSqrtOp } from "./reciprocal-sqrt.ts"

export const reciprocalSqrtCases: OpCases = {
  op: reciprocalSqrtOp as OpDefinition<never>,
  tolerance: { absolute: 1.2e-38, relative: 1.2e-7, why: "a root and a quotient, each rounded once" },
  cases: [
    ...elementwiseCases(reciprocalSqrtOp as OpDefinition<never>, [between(0.1, 9)]),
    special(0, 1.2e-38, 3.4e38, -1, ...INFINITIES),
  ],
}
