import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, HUGE, INFINITIES, special } from "./elementwise.cases.ts"
import { geluTanhOp } from "./gelu-tanh.ts"
import type { OpCases } from "./op-case.cases.ts"

const tolerance = {
  absolute: 2e-6,
  relative: 5e-7,
  why: "where 1 + t nearly cancels, what is left of a unit of 1 in the last place",
}

export const geluTanhCases: OpCases = {
  op: geluTanhOp as OpDefinition<never>,
  tolerance,
  bf16: tolerance,
  cases: [
    ...elementwiseCases(geluTanhOp as OpDefinition<never>),
    special(0, 1e-20, 5, -5, -12, ...HUGE, ...INFINITIES),
  ],
}
