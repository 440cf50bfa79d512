import type { OpDefinition } from "../graph/index.ts"
import { adamWOp } from "./adam-w.ts"
import { CaseData, numbers, type OpCase, type OpCases } from "./op-case.cases.ts"

const cases = new CaseData("adamW")
const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 }
const scalar = (value: number) => numbers([value], [])

/** One step of a parameter of these sizes, at the given update count. */
function step(
  title: string,
  sizes: readonly number[],
  count = 3,
  scale = 0.7,
  attributes = settings,
  data = cases,
): OpCase {
  const second = data.between(0, 1e-2, sizes)
  const corrections = [scalar(1 - attributes.beta1 ** count), scalar(1 - attributes.beta2 ** count)]
  const moments = [data.normal(sizes, { deviation: 0.1 }), second]
  return {
    title,
    inputs: [data.normal(sizes), data.normal(sizes), ...moments, scalar(3e-3), ...corrections, scalar(scale)],
    attributes,
  }
}

export const adamWCases: OpCases = {
  op: adamWOp as OpDefinition<never>,
  tolerance: { absolute: 1e-7, relative: 2e-6, why: "a dozen operations, each rounded to float32" },
  atModelSizes: ({ width, inner }, data) => [step("a feed-forward matrix", [width, inner], 3, 0.7, settings, data)],
  cases: [
    ...[1, 15, 16, 17, 33, 65].map((width) => step(`${width} places`, [width])),
    step("a scalar", []),
    step("no places", [0]),
    step("a matrix of several tasks", [130, 140]),
    step("a first step", [17], 1, 1),
    step("without decay", [17], 5, 1, { ...settings, weightDecay: 0 }),
    step("a gradient that is scaled to nothing", [17], 5, 0),
  ],
}
