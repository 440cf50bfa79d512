import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, special } from "./elementwise.cases.ts"
import type { OpCases } from "./op-case.cases.ts"
import { tanhOp } from "./tanh.ts"

export const tanhCases: OpCases = {
  op: tanhOp as OpDefinition<never>,
  tolerance: {
    absolute: 1.2e-38,
    relative: 3e-7,
    why: "a few units in the last place of float32; denormal results count as zero",
  },
  cases: [
    ...elementwiseCases(tanhOp as OpDefinition<never>),
    special(0, 1e-20, 0.625, -0.6249, 9, -20, ...HUGE, ...INFINITIES),
  ],
}
