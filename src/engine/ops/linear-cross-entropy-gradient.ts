import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { elementBytes, maximumSize, roundToBf16 } from "../tensor/index.ts"
import { IGNORED_TARGET, rowLogits } from "./linear-cross-entropy.ts"

/** Columns of logits that the kernel holds at a time. */
const VOCABULARY_CHUNK = 1024

export const linearCrossEntropyGradientOp = defineOp({
  name: "linearCrossEntropyGradient",
  inputs: ["hidden", "weight", "targets", "logSumExp", "dLoss", "accumulator?"],
  outputs: ([hidden, weight]) => [
    { shape: hidden.shape, dtype: "f32" },
    { shape: weight.shape, dtype: "f32" },
  ],
  gradient: { none: "second derivatives of losses are not written" },
  operations: ([hidden, weight]) =>
    (6 * maximumSize(hidden.shape[1]) + 12) * maximumSize(hidden.shape[0]) * maximumSize(weight.shape[0]),
  traits: { rounds: [0, 1], accumulators: [-1, 5] },
  reference: ([hidden, weight, targets, logSumExp, dLoss, accumulator], [dHidden, dWeight]) => {
    const width = hidden.shape[1]
    const logits = new Float64Array(weight.shape[0])
    const rounded = hidden.dtype === "bf16"
    if (accumulator) dWeight.data.set(accumulator.data)
    else dWeight.data.fill(0)
    dHidden.data.fill(0)
    for (let row = 0; row < targets.data.length; row++) {
      if (targets.data[row] === IGNORED_TARGET) continue
      rowLogits(hidden, weight, row, logits)
      for (let token = 0; token < logits.length; token++) {
        const probability = Math.exp(logits[token] - logSumExp.data[row])
        const exact = (probability - (token === targets.data[row] ? 1 : 0)) * dLoss.data[row]
        const dLogit = rounded ? roundToBf16(exact) : exact
        for (let column = 0; column < width; column++) {
          dHidden.data[row * width + column] += dLogit * weight.data[token * width + column]
          dWeight.data[token * width + column] += dLogit * hidden.data[row * width + column]
        }
      }
    }
  },
  native: {
    kernel: "linearCrossEntropyGradient",
    operands: (inputs) => [
      { input: 0 },
      { input: 1, packed: true, transposed: true },
      { input: 1, packed: true, transposed: false },
      { input: 0, packed: true, transposed: false },
      { input: 2 },
      { input: 3 },
      { input: 4 },
      ...(inputs.length > 5 ? [{ input: 5 }] : []),
    ],
    scratchBytes: ([hidden]) => maximumSize(hidden.shape[0]) * VOCABULARY_CHUNK * elementBytes("f32"),
  },
})

/**
 * The gradients of linearCrossEntropy: `[dHidden, dWeight]`. Logits are made again, a chunk of vocabulary at a time.
 *
 *   dLogits = (exp(logits − logSumExp) − [target]) · dLoss;  dHidden = dLogits · weight;  dWeight = dLogitsᵀ · hidden
 *
 * Under the bf16 policy dLogits are rounded before the products.
 *
 * @shape   hidden     [rows, width]    float32 | bfloat16
 * @shape   weight     [vocab, width]   same dtype
 * @shape   targets    [rows]           i32
 * @shape   logSumExp  [rows]           as linearCrossEntropy gave it
 * @shape   dLoss      [rows]           float32
 * @shape   returns    [rows, width], [vocab, width]   float32
 */
export function linearCrossEntropyGradient(
  hidden: TensorLike,
  weight: TensorLike,
  targets: TensorLike,
  logSumExp: TensorLike,
  dLoss: TensorLike,
): readonly Tensor[] {
  return applyAll(linearCrossEntropyGradientOp, [hidden, weight, targets, logSumExp, dLoss], {})
}
