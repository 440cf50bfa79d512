import type { OpDefinition } from "../graph/index.ts"
import type { BlockDType } from "../tensor/index.ts"
import { IGNORED_TARGET } from "./linear-cross-entropy.ts"
import { CaseData, few, integers, type OpCase, type OpCases } from "./op-case.cases.ts"
import { quantizedCrossEntropyOp } from "./quantized-cross-entropy.ts"

const data = new CaseData("quantizedCrossEntropy")
const KINDS: readonly BlockDType[] = ["q8_0", "q4_0"]

function scored(
  title: string,
  dtype: BlockDType,
  rowCount: number,
  width: number,
  vocabulary: number,
  source = data,
): OpCase {
  const inputs = [source.normal([rowCount, width]), source.blocks(dtype, [vocabulary, width])]
  return {
    title: `${title}: ${dtype} ${rowCount}×${width}×${vocabulary}`,
    inputs: [...inputs, source.ids(vocabulary, [rowCount])],
  }
}

export const quantizedCrossEntropyCases: OpCases = {
  op: quantizedCrossEntropyOp as OpDefinition<never>,
  tolerance: { absolute: 3e-5, relative: 2e-6, why: "logits near 20 and their sums, rounded to float32" },
  atModelSizes: ({ rows, width, vocabulary }, data) =>
    KINDS.map((dtype) => scored("a step's tokens", dtype, rows, width, vocabulary, data)),
  cases: KINDS.flatMap((dtype) => [
    scored("odd sizes", dtype, 17, 96, 37),
    scored("one token", dtype, 3, 32, 1),
    scored("a chunk and a little", dtype, 5, 32, 1030),
    scored("chunks and rows", dtype, 35, 64, 2050),
    scored("one row", dtype, 1, 64, 3000),
    scored("no rows", dtype, 0, 32, 5),
    {
      title: `ignored targets, ${dtype}`,
      inputs: [data.normal([4, 32]), data.blocks(dtype, [20, 32]), integers([3, IGNORED_TARGET, 19, IGNORED_TARGET])],
    },
    {
      title: `some of bounded rows, ${dtype}`,
      inputs: [data.normal([few(5, 30), 32]), data.blocks(dtype, [50, 32]), data.ids(50, [few(5, 30)])],
    },
  ]),
}
