import type { OpDefinition } from "../graph/index.ts"
import { elementwiseCases, INFINITIES, special } from "./elementwise.cases.ts"
import type { OpCases } from "./op-case.cases.ts"
import { siluOp } from "./silu.ts"

const tolerance = {
  absolute: 2e-37,
  relative: 5e-7,
  why: "a few units in the last place of float32; denormal results count as zero",
}

export const siluCases: OpCases = {
  op: siluOp as OpDefinition<never>,
  tolerance,
  bf16: tolerance,
  cases: [...elementwiseCases(siluOp as OpDefinition<never>), special(0, 17, -17, -80, -100, ...INFINITIES)],
}
