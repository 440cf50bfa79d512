import type { OpDefinition } from "../graph/index.ts"
import { integers, type OpCase, type OpCases } from "./op-case.cases.ts"
import { randomNormalOp } from "./random-normal.ts"

function drawn(shape: readonly number[], deviation = 1, key = [1, 2]): OpCase {
  return { title: `${shape.join("×") || "a scalar"}`, inputs: [integers(key)], attributes: { shape, deviation } }
}

export const randomNormalCases: OpCases = {
  op: randomNormalOp as OpDefinition<never>,
  tolerance: { absolute: 0, relative: 1e-6, why: "logarithm, root, sine and their product in float32" },
  atModelSizes: ({ width, vocabulary }) => [drawn([vocabulary, width], 0.02)],
  cases: [
    drawn([1000]),
    drawn([]),
    drawn([1]),
    drawn([64, 64], 0.02),
    drawn([3, 43]),
    drawn([0, 5]),
    { ...drawn([7, 9, 5], 3, [-1, -2_147_483_648]), title: "the largest words of a key" },
    { ...drawn([70_000], 0.5, [2_147_483_647, 0]), title: "several tasks" },
    { ...drawn([17], 0), title: "no deviation" },
  ],
}
