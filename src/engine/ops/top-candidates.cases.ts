import type { OpDefinition } from "../graph/index.ts"
import { CaseData, few, numbers, type OpCases } from "./op-case.cases.ts"
import { topCandidatesOp } from "./top-candidates.ts"

const data = new CaseData("topCandidates")

export const topCandidatesCases: OpCases = {
  op: topCandidatesOp as OpDefinition<never>,
  tolerance: { absolute: 3e-6, relative: 3e-7, why: "a logit less a logarithm of a sum in float32; ids are exact" },
  atModelSizes: ({ sequences, vocabulary }, data) => [
    { title: "a turn", inputs: [data.normal([sequences, vocabulary])], attributes: { count: 5 } },
  ],
  cases: [
    ...[1, 15, 17, 65, 1025].map((vocabulary) => {
      return { title: `the best of ${vocabulary}`, inputs: [data.normal([3, vocabulary])], attributes: { count: 1 } }
    }),
    { title: "all of them, sorted", inputs: [data.normal([4, 33])], attributes: { count: 33 } },
    { title: "five of many", inputs: [data.normal([7, 2500])], attributes: { count: 5 } },
    {
      title: "the lower id among equals",
      inputs: [numbers([1, 2, 2, 2, 0, 0, 0, 0], [2, 4])],
      attributes: { count: 3 },
    },
    { title: "bounded rows", inputs: [data.normal([few(5, 9), 20])], attributes: { count: 4 } },
    { title: "none of bounded rows", inputs: [data.normal([few(0, 9), 20])], attributes: { count: 4 } },
  ],
}
