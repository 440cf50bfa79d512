import type { OpDefinition } from "../graph/index.ts"
import type { BlockDType } from "../tensor/index.ts"
import { CaseData, few, numbers, type OpCase, type OpCases } from "./op-case.cases.ts"
import { quantizedMatmulOp } from "./quantized-matmul.ts"

const data = new CaseData("quantizedMatmul")
const KINDS: readonly BlockDType[] = ["q8_0", "q4_0"]

function product(
  title: string,
  dtype: BlockDType,
  rowCount: number,
  inputs: number,
  outputs: number,
  source = data,
): OpCase {
  return {
    title: `${title}: ${dtype} ${rowCount}×${inputs}×${outputs}`,
    inputs: [source.normal([rowCount, inputs]), source.blocks(dtype, [outputs, inputs])],
  }
}

/** A row for each of the numbers, which stands at place 5 among ones. */
function rowsWith(...values: number[]) {
  const rows = values.map((value) => Float32Array.from({ length: 64 }, (_, place) => (place === 5 ? value : 1)))
  return numbers(
    rows.flatMap((row) => [...row]),
    [values.length, 64],
  )
}

export const quantizedMatmulCases: OpCases = {
  op: quantizedMatmulOp as OpDefinition<never>,
  tolerance: {
    absolute: 1e-4,
    relative: 1e-6,
    why: "whole sums of blocks are exact; their scales, and up to 66 terms of some tens added, are rounded to float32",
  },
  atModelSizes: ({ rows, sequences, width, inner, vocabulary }, data) =>
    KINDS.flatMap((dtype) => [
      product("feed-forward up", dtype, rows, width, inner, data),
      product("one row of feed-forward up", dtype, 1, width, inner, data),
      product("a turn's feed-forward up", dtype, sequences, width, inner, data),
      product("one row of logits", dtype, 1, width, vocabulary, data),
    ]),
  cases: [
    ...KINDS.flatMap((dtype) => [
      ...[1, 15, 16, 17, 33, 100].map((outputs) => product("outputs", dtype, 3, 64, outputs)),
      ...[32, 64, 96, 2112].map((inputs) => product("inputs", dtype, 2, inputs, 20)),
      ...[1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 25, 40].map((rowCount) => product("rows", dtype, rowCount, 64, 20)),
      product("many of each", dtype, 70, 320, 150),
      product("no rows", dtype, 0, 32, 7),
      product("no outputs", dtype, 5, 32, 0),
      product("no inputs", dtype, 3, 0, 5),
      {
        title: `some of bounded rows, ${dtype}`,
        inputs: [data.normal([few(7, 50), 64]), data.blocks(dtype, [40, 64])],
      },
      {
        title: `none of bounded rows, ${dtype}`,
        inputs: [data.normal([few(0, 50), 64]), data.blocks(dtype, [40, 64])],
      },
      ...[1, 5, 40].map((rowCount) => ({
        title: `three weights, ${dtype}, ${rowCount} rows`,
        inputs: [data.normal([rowCount, 96]), ...[40, 7, 130].map((outputs) => data.blocks(dtype, [outputs, 96]))],
      })),
      {
        title: `the ends of the range: every product of largest magnitude, ${dtype}`,
        inputs: [
          numbers(
            new Array(128).fill(0).map((_, place) => (place < 64 ? 1 : -1)),
            [2, 64],
          ),
          {
            ...numbers(
              new Array(128).fill(0).map((_, place) => (place < 64 ? -8 : 8)),
              [2, 64],
            ),
            dtype,
          },
        ],
      },
      {
        title: `halves are rounded to even: 127 is the largest, ${dtype}`,
        inputs: [rowsWith(127, -127), data.blocks(dtype, [17, 64])],
      },
      {
        title: `infinities and NaN stay in their rows, ${dtype}`,
        inputs: [
          rowsWith(2, Number.POSITIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY, 3),
          data.blocks(dtype, [17, 64]),
        ],
      },
      {
        title: `very large and very small numbers, ${dtype}`,
        inputs: [rowsWith(3e38, 1e-30, 0), data.blocks(dtype, [17, 64])],
        tolerance: { absolute: 1e-4, relative: 2e-6, why: "sums near 1e38 have their own last place" },
      },
      {
        title: `blocks too small for a scale count as zero, ${dtype}`,
        inputs: [data.normal([3, 64], { deviation: 1e-38 }), data.blocks(dtype, [17, 64])],
      },
    ]),
  ] as OpCase[],
}
