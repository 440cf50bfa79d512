import type { OpDefinition } from "../graph/index.ts"
import { LOSS_SHAPES, lossInputs } from "./linear-cross-entropy.cases.ts"
import { linearCrossEntropyOp } from "./linear-cross-entropy.ts"
import { linearCrossEntropyGradientOp } from "./linear-cross-entropy-gradient.ts"
import { CaseData, handedOn, type OpCase, type OpCases } from "./op-case.cases.ts"

const data = new CaseData("linearCrossEntropyGradient")

function backward([title, count, width, vocabulary]: (typeof LOSS_SHAPES)[number], continued = false): OpCase {
  const inputs = lossInputs(data, count, width, vocabulary)
  const [, logSumExp] = handedOn(linearCrossEntropyOp as OpDefinition<never>, inputs)
  const dLoss = data.between(0, 1, [count])
  return { title, inputs: [...inputs, logSumExp, dLoss, ...(continued ? [data.normal([vocabulary, width])] : [])] }
}

export const linearCrossEntropyGradientCases: OpCases = {
  op: linearCrossEntropyGradientOp as OpDefinition<never>,
  tolerance: { absolute: 2e-5, relative: 1e-5, why: "sums of up to 130 terms in float32" },
  bf16: {
    absolute: 1e-2,
    relative: 1e-2,
    why: "dLogits are rounded to bfloat16; where the float32 and float64 numbers lie on two sides of a tie they part by 2⁻⁸",
  },
  atModelSizes: ({ rows, width, vocabulary }, data) => {
    const logSumExp = data.between(50, 60, [rows])
    const inputs = [...lossInputs(data, rows, width, vocabulary), logSumExp, data.between(0, 1 / rows, [rows])]
    return [{ title: "a step", inputs }]
  },
  cases: [
    ...LOSS_SHAPES.map((shape) => backward(shape)),
    backward(["continued", 40, 17, 65], true),
    backward(["continued over several chunks", 33, 16, 1100], true),
    backward(["continued over no rows", { count: 0, maximum: 9 }, 16, 33], true),
  ],
}
