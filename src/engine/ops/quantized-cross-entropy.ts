import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { isBlockDType, maximumSize, sameDimension } from "../tensor/index.ts"
import { IGNORED_TARGET } from "./linear-cross-entropy.ts"
import { dot, NO_BLOCK_GRADIENT, readBlocks, roundActivations } from "./quantized-matmul.ts"

export const quantizedCrossEntropyOp = defineOp({
  name: "quantizedCrossEntropy",
  inputs: ["hidden", "weight", "targets"],
  outputs: ([hidden, weight, targets], _, fault) => {
    if (hidden.shape.length !== 2 || weight.shape.length !== 2) fault("hidden [rows, width] and weight [vocab, width]")
    if (hidden.dtype !== "f32" || !isBlockDType(weight.dtype))
      fault("hidden of f32 and weight of q8_0 or q4_0", "DTYPE_MISMATCH")
    if (!sameDimension(hidden.shape[1], weight.shape[1])) fault("hidden and weight of one width")
    if (targets.dtype !== "i32" || !sameDimension(targets.shape[0], hidden.shape[0])) fault("one i32 target a row")
    const perRow = { shape: [hidden.shape[0]], dtype: "f32" } as const
    return [perRow, perRow]
  },
  gradient: { none: NO_BLOCK_GRADIENT },
  operations: ([hidden, weight]) =>
    (2 * maximumSize(hidden.shape[1]) + 11) * maximumSize(hidden.shape[0]) * maximumSize(weight.shape[0]),
  traits: {
    blockWeights: [1],
    indexRanges: [{ input: 2, minimum: IGNORED_TARGET, limit: ([, weight]) => maximumSize(weight.shape[0]) }],
  },
  reference: ([hidden, weight, targets], [loss, logSumExp]) => {
    const [vocabularySize, width] = weight.shape
    const blocks = readBlocks(weight)
    const logits = new Float64Array(vocabularySize)
    for (let row = 0; row < loss.data.length; row++) {
      const rounded = roundActivations(hidden.data.subarray(row * width, (row + 1) * width))
      for (let token = 0; token < vocabularySize; token++) logits[token] = dot(rounded, blocks, token)
      const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)
      logSumExp.data[row] = largest + Math.log(total)
      const target = targets.data[row]
      loss.data[row] = target === IGNORED_TARGET ? 0 : logSumExp.data[row] - logits[target]
    }
  },
  native: { kernel: "linearCrossEntropy" },
})

/**
 * `linearCrossEntropy` with a weight in blocks: the logits are those of `quantizedMatmul`, to the bit.
 *
 *   loss = logSumExp(logits) − logits[target]        nats; 0 where the target is IGNORED_TARGET
 *
 * @shape   hidden   [rows, width]    float32
 * @shape   weight   [vocab, width]   q8_0 | q4_0
 * @shape   targets  [rows]           i32, 0 to vocab − 1, or IGNORED_TARGET
 * @shape   returns  [rows]           float32, nats
 * @throws  INPUT_INVALID when run with a target outside the vocabulary
 */
export function quantizedCrossEntropy(hidden: TensorLike, weight: TensorLike, targets: TensorLike): Tensor {
  return applyAll(quantizedCrossEntropyOp, [hidden, weight, targets], {})[0]
}
