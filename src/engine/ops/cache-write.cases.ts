import type { OpDefinition } from "../graph/index.ts"
import { cacheWriteOp } from "./cache-write.ts"
import { CaseData, EXACT, few, integers, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("cacheWrite")
const slots = integers([0, 63, 64, -1, 190])

export const cacheWriteCases: OpCases = {
  op: cacheWriteOp as OpDefinition<never>,
  tolerance: EXACT,
  atModelSizes: ({ rows, kvHeads, headSize }, data) => [
    {
      title: "a prompt",
      inputs: [
        data.normal([Math.ceil(rows / 64), kvHeads, 64, headSize]),
        data.normal([rows, kvHeads, headSize]),
        integers(Array.from({ length: rows }, (_, row) => row)),
      ],
    },
  ],
  cases: [
    ...[1, 8, 17, 48, 64, 128].map((headSize) => {
      return {
        title: `head size ${headSize}`,
        inputs: [data.normal([3, 2, 64, headSize]), data.normal([5, 2, headSize]), slots],
      }
    }),
    { title: "nothing is written", inputs: [data.normal([1, 1, 64, 8]), data.normal([2, 1, 8]), integers([-1, -1])] },
    {
      title: "a whole page",
      inputs: [
        data.normal([2, 1, 64, 8]),
        data.normal([64, 1, 8]),
        integers(Array.from({ length: 64 }, (_, row) => 127 - row)),
      ],
    },
    { title: "no rows", inputs: [data.normal([1, 1, 64, 8]), data.normal([0, 1, 8]), integers([])] },
    {
      title: "bounded rows",
      inputs: [data.normal([3, 1, 64, 8]), data.normal([few(3, 9), 1, 8]), integers([5, 4, 100], [few(3, 9)])],
    },
    {
      title: "none of bounded rows",
      inputs: [data.normal([3, 1, 64, 8]), data.normal([few(0, 9), 1, 8]), integers([], [few(0, 9)])],
    },
    { title: "bfloat16", inputs: [data.bf16([3, 2, 64, 24]), data.bf16([5, 2, 24]), slots] },
  ],
}
