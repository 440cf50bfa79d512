import type { OpDefinition } from "../graph/index.ts"
import type { BlockDType } from "../tensor/index.ts"
import { CaseData, EXACT, few, integers, type OpCase, type OpCases } from "./op-case.cases.ts"
import { quantizedEmbeddingOp } from "./quantized-embedding.ts"

const data = new CaseData("quantizedEmbedding")
const KINDS: readonly BlockDType[] = ["q8_0", "q4_0"]

export const quantizedEmbeddingCases: OpCases = {
  op: quantizedEmbeddingOp as OpDefinition<never>,
  tolerance: EXACT,
  atModelSizes: ({ rows, width, vocabulary }, data) =>
    KINDS.map((dtype) => ({
      title: `a step's tokens, ${dtype}`,
      inputs: [data.blocks(dtype, [vocabulary, width]), data.ids(vocabulary, [rows])],
    })),
  cases: KINDS.flatMap((dtype): OpCase[] => [
    { title: `every row, ${dtype}`, inputs: [data.blocks(dtype, [37, 96]), integers([...new Array(37).keys()])] },
    { title: `one block, ${dtype}`, inputs: [data.blocks(dtype, [16, 32]), integers([15, 0, 7, 7])] },
    { title: `many ids, ${dtype}`, inputs: [data.blocks(dtype, [100, 64]), data.ids(100, [300])] },
    { title: `no ids, ${dtype}`, inputs: [data.blocks(dtype, [5, 32]), integers([])] },
    { title: `some of bounded rows, ${dtype}`, inputs: [data.blocks(dtype, [33, 64]), data.ids(33, [few(5, 9)])] },
    { title: `none of bounded rows, ${dtype}`, inputs: [data.blocks(dtype, [33, 64]), data.ids(33, [few(0, 9)])] },
  ]),
}
