import type { OpDefinition } from "../graph/index.ts"
import { CaseData, few, integers, numbers, type OpCase, type OpCases } from "./op-case.cases.ts"
import { sampleOp } from "./sample.ts"

const cases = new CaseData("sample")

interface Settings {
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
  readonly minP?: number
}

/** Draws of `count` rows with settings that they share; each row has a seed of its own. */
function draws(
  title: string,
  vocabulary: number,
  { temperature = 1, topK = 0, topP = 1, minP = 0 }: Settings = {},
  count = 24,
  maximum?: number,
  data = cases,
): OpCase {
  const rows = maximum ? few(count, maximum) : count
  const all = (value: number) => Array.from({ length: count }, () => value)
  return {
    title,
    inputs: [
      data.normal([rows, vocabulary], { deviation: 2 }),
      numbers(all(temperature), [rows]),
      integers(all(topK), [rows]),
      numbers(all(topP), [rows]),
      numbers(all(minP), [rows]),
      integers(
        Array.from({ length: 2 * count }, (_, place) => 977 * place - 5),
        [rows, 2],
      ),
      integers(
        Array.from({ length: count }, (_, row) => row % 7),
        [rows],
      ),
    ],
  }
}

const greedy = draws("ties", 4, { temperature: 0 }, 2)

export const sampleCases: OpCases = {
  op: sampleOp as OpDefinition<never>,
  tolerance: { absolute: 3e-6, relative: 3e-7, why: "a logit less a logarithm of a sum in float32; ids are exact" },
  atModelSizes: ({ sequences, vocabulary }, data) => [
    draws("a turn", vocabulary, { temperature: 0.8, topK: 50, topP: 0.95 }, sequences, undefined, data),
  ],
  cases: [
    draws("the likeliest", 100, { temperature: 0 }),
    draws("all tokens", 100),
    draws("one token", 1),
    draws("hot", 33, { temperature: 3 }),
    draws("cold", 33, { temperature: 0.1 }),
    draws("the best 5", 65, { topK: 5 }),
    draws("the best 1", 65, { topK: 1 }),
    draws("more than there are", 15, { topK: 50 }),
    draws("nine tenths", 65, { topP: 0.9 }),
    draws("almost nothing", 65, { topP: 0.001 }),
    draws("a tenth as likely as the first", 65, { minP: 0.1 }),
    draws("all cuts at once", 200, { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.02 }),
    draws("several chunks", 2500, { temperature: 0.7, topP: 0.9 }, 6),
    draws("bounded rows", 33, {}, 5, 9),
    draws("none of bounded rows", 33, {}, 0, 9),
    {
      title: "the lowest id among equals",
      inputs: [numbers([1, 3, 3, 0, 2, 2, 2, 2], [2, 4]), ...greedy.inputs.slice(1)],
    },
  ],
}
