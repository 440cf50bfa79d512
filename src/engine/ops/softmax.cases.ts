import type { OpDefinition } from "../graph/index.ts"
import { CaseData, few, numbers, type OpCases } from "./op-case.cases.ts"
import { softmaxOp } from "./softmax.ts"

const data = new CaseData("softmax")

export const softmaxCases: OpCases = {
  op: softmaxOp as OpDefinition<never>,
  tolerance: { absolute: 1e-37, relative: 3e-6, why: "an exponential and a quotient, over a sum in float32" },
  atModelSizes: ({ sequences, vocabulary }, data) => [
    { title: "a turn's logits", inputs: [data.normal([sequences, vocabulary])] },
  ],
  cases: [
    ...[1, 15, 16, 17, 33, 65, 1023, 1024, 1025, 2500].map((width) => {
      return { title: `rows of ${width}`, inputs: [data.normal([3, width], { deviation: 3 })] }
    }),
    { title: "a vector", inputs: [data.normal([17])] },
    { title: "three axes", inputs: [data.normal([2, 3, 33])] },
    { title: "bounded rows", inputs: [data.normal([few(5, 9), 17])] },
    { title: "none of bounded rows", inputs: [data.normal([few(0, 9), 17])] },
    { title: "beyond where eˣ overflows", inputs: [data.normal([3, 33], { center: 500 })] },
    { title: "many rows", inputs: [data.normal([300, 70])] },
    { title: "far apart", inputs: [numbers([0, -200, 88, 100, -3e38, 3e38], [2, 3])], gradient: false },
    { title: "of bfloat16", inputs: [data.bf16([3, 33])] },
  ],
}
