import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, special } from "./elementwise.cases.ts"
import type { OpCases } from "./op-case.cases.ts"
import { sigmoidOp } from "./sigmoid.ts"

export const sigmoidCases: OpCases = {
  op: sigmoidOp as OpDefinition<never>,
  tolerance: {
    absolute: 1.2e-38,
    relative: 4e-7,
    why: "a few units in the last place of float32; denormal results count as zero",
  },
  cases: [
    ...elementwiseCases(sigmoidOp as OpDefinition<never>),
    special(0, 17, -17, -80, -100, ...HUGE, ...INFINITIES),
  ],
}
