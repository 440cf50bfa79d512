import type { OpDefinition } from "../graph/index.ts"
import { embeddingOp } from "./embedding.ts"
import { CaseData, EXACT, few, integers, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("embedding")

export const embeddingCases: OpCases = {
  op: embeddingOp as OpDefinition<never>,
  tolerance: EXACT,
  atModelSizes: ({ rows, width, vocabulary }, data) => [
    { title: "a step", inputs: [data.normal([vocabulary, width]), data.ids(vocabulary, [rows])] },
  ],
  cases: [
    ...[1, 15, 16, 17, 33, 65].map((width) => {
      return { title: `width ${width}`, inputs: [data.normal([7, width]), data.ids(7, [9])] }
    }),
    { title: "a table of one row", inputs: [data.normal([1, 5]), integers([0, 0, 0])] },
    { title: "the first and last ids", inputs: [data.normal([50, 8]), integers([49, 0, 49])] },
    { title: "no ids", inputs: [data.normal([7, 5]), integers([])] },
    { title: "bounded rows", inputs: [data.normal([7, 16]), data.ids(7, [few(5, 9)])] },
    { title: "many rows", inputs: [data.normal([100, 64]), data.ids(100, [600])] },
  ],
}
