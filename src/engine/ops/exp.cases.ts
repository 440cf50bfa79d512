import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, special, TINY } from "./elementwise.cases.ts"
import { expOp } from "./exp.ts"
import type { OpCases } from "./op-case.cases.ts"

export const expCases: OpCases = {
  op: expOp as OpDefinition<never>,
  tolerance: {
    absolute: 1.2e-38,
    relative: 2e-7,
    why: "a few units in the last place of float32; denormal results count as zero",
  },
  cases: [
    ...elementwiseCases(expOp as OpDefinition<never>),
    special(0, 88.7, 89, -87.3, -88, -200, ...HUGE, ...TINY, ...INFINITIES),
  ],
}
