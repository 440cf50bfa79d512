import type { OpDefinition } from "../graph/index.ts"
import { CaseData, type CaseInput, few, integers, numbers, type OpCase, type OpCases } from "./op-case.cases.ts"
import { ropeOp } from "./rope.ts"

const data = new CaseData("rope")

/** Tables as rotary models make them. */
function tables(positions: number, pairs: number): CaseInput[] {
  const angle = (place: number) => Math.floor(place / pairs) * 10_000 ** (-(place % pairs) / pairs)
  const places = Array.from({ length: positions * pairs }, (_, place) => angle(place))
  return [Math.cos, Math.sin].map((turn) => numbers(places.map(turn), [positions, pairs]))
}

function turned(
  title: string,
  sizes: Parameters<CaseData["normal"]>[0],
  pairs: number,
  interleaved = false,
  inverse = false,
): OpCase {
  const rowSizes = sizes.slice(0, 1)
  const inputs = [data.normal(sizes), data.ids(40, rowSizes), ...tables(40, pairs)]
  return { title, inputs, attributes: { interleaved, inverse } }
}

export const ropeCases: OpCases = {
  op: ropeOp as OpDefinition<never>,
  tolerance: { absolute: 3e-7, relative: 2e-7, why: "two products and a sum, which may cancel" },
  constants: ["cosine", "sine"],
  atModelSizes: ({ rows, sequences, heads, headSize }, data) => {
    const positions = data.ids(rows / sequences, [rows])
    const inputs = [data.normal([rows, heads, headSize]), positions, ...tables(rows / sequences, headSize / 2)]
    return [{ title: "a step's queries", inputs, attributes: { interleaved: false, inverse: false } }]
  },
  cases: [
    ...[2, 8, 30, 34, 48, 64, 128].map((headSize) => turned(`head size ${headSize}`, [5, 3, headSize], headSize / 2)),
    ...[2, 8, 30, 34, 48, 64, 128].map((headSize) => {
      return turned(`head size ${headSize}, interleaved`, [5, 3, headSize], headSize / 2, true)
    }),
    turned("turned back", [5, 3, 48], 24, false, true),
    turned("turned back, interleaved", [5, 3, 48], 24, true, true),
    turned("part of a head", [5, 2, 64], 8),
    turned("part of a head, interleaved", [5, 2, 64], 8, true),
    turned("an odd head with one feature left", [3, 2, 17], 8),
    turned("bounded rows", [few(5, 9), 2, 16], 8),
    turned("none of bounded rows", [few(0, 9), 2, 16], 8),
    turned("many rows", [300, 2, 32], 16),
    {
      title: "position 0 changes nothing",
      inputs: [data.normal([2, 1, 8]), integers([0, 0]), ...tables(40, 4)],
      attributes: { interleaved: false, inverse: false },
    },
  ],
}
