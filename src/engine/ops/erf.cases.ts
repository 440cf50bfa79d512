import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, special } from "./elementwise.cases.ts"
import { erfOp } from "./erf.ts"
import type { OpCases } from "./op-case.cases.ts"

export const erfCases: OpCases = {
  op: erfOp as OpDefinition<never>,
  tolerance: {
    absolute: 1.2e-38,
    relative: 4e-7,
    why: "a few units in the last place of float32; denormal results count as zero",
  },
  cases: [
    ...elementwiseCases(erfOp as OpDefinition<never>),
    special(0, 1e-20, 0.925, -0.9249, 4, -9, ...HUGE, ...INFINITIES),
  ],
}
