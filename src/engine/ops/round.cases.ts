import type { OpDefinition } from "../graph/index.ts"
import { HUGE, INFINITIES, special, TINY } from "./elementwise.cases.ts"
import { CaseData, EXACT, few, numbers, type OpCases } from "./op-case.cases.ts"
import { roundOp } from "./round.ts"

const data = new CaseData("round")
// 1 + 2⁻⁸ lies halfway between two bfloat16 numbers, and so does 1 + 3 · 2⁻⁸: the even neighbour is taken.
const ties = [1 + 2 ** -8, 1 + 3 * 2 ** -8, -1 - 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 1 + 2 ** -8 - 2 ** -20]

export const roundCases: OpCases = {
  op: roundOp as OpDefinition<never>,
  tolerance: EXACT,
  // A staircase has no finite difference; that its gradient passes straight through is tested by itself.
  cases: [
    ...[[], [0], [1], [15], [16], [17], [257], [5, 33], [70, 300]].map((sizes) => {
      return {
        title: `${sizes.length} axes of ${sizes.join(", ")}`,
        inputs: [data.normal(sizes)],
        gradient: false as const,
      }
    }),
    { title: "bounded rows", inputs: [data.normal([few(5, 9), 7])], gradient: false },
    { title: "ties go to the even one", inputs: [numbers(ties)], gradient: false },
    special(0, -0, ...HUGE, ...TINY, 3.39e38, ...INFINITIES),
  ],
}
