import type { OpDefinition } from "../graph/index.ts"
import { ATTENTION_SHAPES, attentionAttributes, attentionInputs } from "./attention.cases.ts"
import { attentionOp } from "./attention.ts"
import { attentionGradientOp } from "./attention-gradient.ts"
import { CaseData, handedOn, type OpCase, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("attentionGradient")

export const attentionGradientCases: OpCases = {
  op: attentionGradientOp as OpDefinition<never>,
  tolerance: {
    absolute: 2e-5,
    relative: 1e-5,
    why: "scores, exponentials and sums of up to some hundred terms in float32",
  },
  bf16: {
    absolute: 2e-2,
    relative: 1e-2,
    why: "p and ds are rounded to bfloat16; where the float32 and float64 numbers lie on two sides of a tie they part by 2⁻⁸",
  },
  atModelSizes: ({ rows, sequences, heads, kvHeads, headSize }, data) => {
    const all = { heads, kvHeads, headSize, sequences: Array.from({ length: sequences }, () => rows / sequences) }
    const [queries, keys, values, starts] = attentionInputs(data, rows, all)
    const [y, dy] = [data.normal([rows, heads, headSize]), data.normal([rows, heads, headSize])]
    const logSumExp = data.between(5, 8, [rows, heads])
    const inputs = [queries, keys, values, y, logSumExp, dy, starts]
    return [{ title: "a step", inputs, attributes: attentionAttributes(all) }]
  },
  cases: ATTENTION_SHAPES.map(([title, count, heads]): OpCase => {
    const attributes = attentionAttributes(heads)
    const inputs = attentionInputs(data, count, heads)
    const [y, logSumExp] = handedOn(attentionOp as OpDefinition<never>, inputs, attributes)
    const dy = data.normal([count, heads.heads, heads.headSize])
    return { title, inputs: [...inputs.slice(0, 3), y, logSumExp, dy, inputs[3]], attributes }
  }),
}
