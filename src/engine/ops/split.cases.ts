import type { OpDefinition } from "../graph/index.ts"
import { CaseData, EXACT, few, type OpCases } from "./op-case.cases.ts"
import { splitOp } from "./split.ts"

const data = new CaseData("split")

export const splitCases: OpCases = {
  op: splitOp as OpDefinition<never>,
  tolerance: EXACT,
  cases: [
    { title: "one part", inputs: [data.normal([3, 5])], attributes: { sizes: [5] } },
    { title: "three parts alike", inputs: [data.normal([7, 48])], attributes: { sizes: [16, 16, 16] } },
    { title: "parts of odd widths", inputs: [data.normal([5, 33])], attributes: { sizes: [1, 15, 17] } },
    { title: "a part of no columns", inputs: [data.normal([4, 9])], attributes: { sizes: [4, 0, 5] } },
    { title: "of no rows", inputs: [data.normal([0, 8])], attributes: { sizes: [3, 5] } },
    { title: "of bounded rows", inputs: [data.normal([few(5, 9), 24])], attributes: { sizes: [8, 16] } },
    { title: "of none of bounded rows", inputs: [data.normal([few(0, 9), 8])], attributes: { sizes: [3, 5] } },
    { title: "of bfloat16", inputs: [data.bf16([6, 34])], attributes: { sizes: [17, 17] } },
  ],
}
