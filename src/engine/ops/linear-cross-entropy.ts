import { applyAll, defineOp, type ReferenceArray, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumSize, sameDimension } from "../tensor/index.ts"
import { linearCrossEntropyGradient } from "./linear-cross-entropy-gradient.ts"

/** The target of a row that is not counted. */
export const IGNORED_TARGET = -1

export const linearCrossEntropyOp = defineOp({
  name: "linearCrossEntropy",
  inputs: ["hidden", "weight", "targets"],
  outputs: ([hidden, weight, targets], _, fault) => {
    if (hidden.shape.length !== 2 || weight.shape.length !== 2) fault("hidden [rows, width] and weight [vocab, width]")
    if (!sameDimension(hidden.shape[1], weight.shape[1])) fault("hidden and weight of one width")
    if (targets.dtype !== "i32" || !sameDimension(targets.shape[0], hidden.shape[0])) fault("one i32 target a row")
    const perRow = { shape: [hidden.shape[0]], dtype: "f32" } as const
    return [perRow, perRow]
  },
  gradient: ({ inputs: [hidden, weight, targets], outputs: [, logSumExp], outputGradients: [dLoss] }) =>
    dLoss ? linearCrossEntropyGradient(hidden, weight, targets, logSumExp, dLoss) : [],
  operations: ([hidden, weight]) =>
    (2 * maximumSize(hidden.shape[1]) + 11) * maximumSize(hidden.shape[0]) * maximumSize(weight.shape[0]),
  traits: {
    rounds: [0, 1],
    indexRanges: [{ input: 2, minimum: IGNORED_TARGET, limit: ([, weight]) => maximumSize(weight.shape[0]) }],
  },
  reference: ([hidden, weight, targets], [loss, logSumExp]) => {
    const logits = new Float64Array(weight.shape[0])
    for (let row = 0; row < loss.data.length; row++) {
      rowLogits(hidden, weight, row, logits)
      const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)
      logSumExp.data[row] = largest + Math.log(total)
      const target = targets.data[row]
      loss.data[row] = target === IGNORED_TARGET ? 0 : logSumExp.data[row] - logits[target]
    }
  },
  native: {
    kernel: "linearCrossEntropy",
    operands: () => [{ input: 0 }, { input: 1, packed: true, transposed: true }, { input: 2 }],
  },
})

/** Fills `logits` with hidden[row] · weightᵀ. */
export function rowLogits(hidden: ReferenceArray, weight: ReferenceArray, row: number, logits: Float64Array): void {
  const width = hidden.shape[1]
  const source = hidden.data.subarray(row * width, (row + 1) * width)
  for (let token = 0; token < logits.length; token++) {
    let total = 0
    for (let column = 0; column < width; column++) total += source[column] * weight.data[token * width + column]
    logits[token] = total
  }
}

/**
 * The negative log-probability of each row's target under softmax(hidden · weightᵀ), without keeping the logits.
 *
 *   loss = logSumExp(logits) − logits[target]        nats; 0 where the target is IGNORED_TARGET
 *
 * @shape   hidden   [rows, width]    float32 | bfloat16
 * @shape   weight   [vocab, width]   same dtype
 * @shape   targets  [rows]           i32, 0 to vocab − 1, or IGNORED_TARGET
 * @shape   returns  [rows]           float32, nats
 * @gradient hidden, weight
 * @throws  INPUT_INVALID when run with a target outside the vocabulary
 */
export function linearCrossEntropy(hidden: TensorLike, weight: TensorLike, targets: TensorLike): Tensor {
  return applyAll(linearCrossEntropyOp, [hidden, weight, targets], {})[0]
}
