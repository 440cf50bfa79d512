import type { OpDefinition } from "../graph/index.ts"
import { CONDITIONS, elementwiseCases } from "./elementwise.cases.ts"
import { EXACT, numbers, type OpCases } from "./op-case.cases.ts"
import { selectOp } from "./select.ts"

export const selectCases: OpCases = {
  op: selectOp as OpDefinition<never>,
  tolerance: EXACT,
  constants: ["condition"],
  cases: [
    ...elementwiseCases(selectOp as OpDefinition<never>, [CONDITIONS]),
    {
      title: "what is not chosen may be anything",
      inputs: [
        numbers([0, 1, Number.NaN, -0]),
        numbers([Number.NaN, 2, 3, Number.NaN]),
        numbers([1, Number.NaN, 4, 5]),
      ],
      gradient: false,
    },
  ],
}
