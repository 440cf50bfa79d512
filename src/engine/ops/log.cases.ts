import type { OpDefinition } from "../graph/index.ts"
import { between, elementwiseCases, INFINITIES, special } from "./elementwise.cases.ts"
import { logOp } from "./log.ts"
import type { OpCases } from "./op-case.cases.ts"

export const logCases: OpCases = {
  op: logOp as OpDefinition<never>,
  tolerance: {
    absolute: 1e-8,
    relative: 2e-7,
    why: "a few units in the last place of float32; denormal results count as zero",
  },
  cases: [
    ...elementwiseCases(logOp as OpDefinition<never>, [between(0.05, 20)]),
    special(1, 1.0000001, 0.99999994, 1.2e-38, 3.4e38, 0, -1, ...INFINITIES),
  ],
}
