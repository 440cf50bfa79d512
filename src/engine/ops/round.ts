import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements, roundToBf16 } from "../tensor/index.ts"

export const roundOp = defineOp({
  name: "round",
  inputs: ["x"],
  outputs: ([{ shape, dtype }], _, fault) => {
    if (dtype !== "f32") fault("a float32 input", "DTYPE_MISMATCH")
    return [{ shape, dtype: "bf16" }]
  },
  gradient: ({ outputGradients: [dy] }) => [dy],
  operations: ([x]) => maximumElements(x.shape),
  reference: ([x], [y]) => {
    for (let place = 0; place < y.data.length; place++) y.data[place] = roundToBf16(x.data[place])
  },
  traits: { elementwise: "roundBf16" },
  native: { kernel: "elementwise" },
})

/**
 * Each number rounded to the nearest bfloat16, ties to even; denormal numbers count as zero. The gradient passes as if nothing had been rounded.
 *
 * @shape   x        any   float32
 * @shape   returns  the same shape, bfloat16
 * @gradient x
 */
export function round(x: TensorLike): Tensor {
  return apply(roundOp, [x], {})
}
