import type { OpDefinition } from "../graph/index.ts"
import { embeddingGradientOp } from "./embedding-gradient.ts"
import { CaseData, few, integers, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("embeddingGradient")
const of = (vocabularySize: number) => ({ vocabularySize })

export const embeddingGradientCases: OpCases = {
  op: embeddingGradientOp as OpDefinition<never>,
  tolerance: { absolute: 2e-5, relative: 1e-6, why: "up to some hundred numbers near 1 added in float32" },
  atModelSizes: ({ rows, width, vocabulary }, data) => [
    {
      title: "a step",
      inputs: [data.ids(vocabulary, [rows]), data.normal([rows, width])],
      attributes: of(vocabulary),
    },
  ],
  cases: [
    ...[1, 15, 16, 17, 33, 65].map((width) => {
      return { title: `width ${width}`, inputs: [data.ids(7, [20]), data.normal([20, width])], attributes: of(7) }
    }),
    {
      title: "one id only",
      inputs: [integers(Array.from({ length: 200 }, () => 2)), data.normal([200, 9])],
      attributes: of(4),
    },
    { title: "each id once", inputs: [integers([3, 1, 0, 2]), data.normal([4, 9])], attributes: of(4) },
    { title: "no rows", inputs: [integers([]), data.normal([0, 9])], attributes: of(4) },
    { title: "bounded rows", inputs: [data.ids(6, [few(5, 40)]), data.normal([few(5, 40), 16])], attributes: of(6) },
    {
      title: "none of bounded rows",
      inputs: [data.ids(6, [few(0, 40)]), data.normal([few(0, 40), 16])],
      attributes: of(6),
    },
    { title: "continued", inputs: [data.ids(7, [50]), data.normal([50, 17]), data.normal([7, 17])], attributes: of(7) },
    { title: "a large table", inputs: [data.ids(900, [300]), data.normal([300, 24])], attributes: of(900) },
  ],
}
