import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumSize, roundToBf16 } from "../tensor/index.ts"
import { type AttentionAttributes, firstVisible, visiblePairs } from "./attention.ts"

export const attentionGradientOp = defineOp<AttentionAttributes>({
  name: "attentionGradient",
  inputs: ["queries", "keys", "values", "y", "logSumExp", "dy", "sequenceStart"],
  outputs: ([queries, keys, values]) => [queries, keys, values].map(({ shape }) => ({ shape, dtype: "f32" })),
  gradient: { none: "second derivatives of attention are not written" },
  // Five products of headSize for each pair: scores again, and those of dv, dp, dq and dk.
  operations: ([{ shape }], _, attributes) => 10 * visiblePairs(shape, attributes) * maximumSize(shape[2]),
  traits: { rounds: [0, 1, 2, 3, 5] },
  reference: ([queries, keys, values, y, logSumExp, dy, sequenceStart], [dQueries, dKeys, dValues], attributes) => {
    const [rowCount, heads, headSize] = queries.shape
    const kvHeads = keys.shape[1]
    const rounded = keys.dtype === "bf16" ? roundToBf16 : (value: number) => value
    for (const { data } of [dQueries, dKeys, dValues]) data.fill(0)
    for (let row = 0; row < rowCount; row++)
      for (let head = 0; head < heads; head++) {
        const q = (row * heads + head) * headSize
        const kvHead = Math.floor((head * kvHeads) / heads)
        let delta = 0
        for (let feature = 0; feature < headSize; feature++) delta += dy.data[q + feature] * y.data[q + feature]
        for (let other = firstVisible(row, sequenceStart.data[row], attributes.window); other <= row; other++) {
          const k = (other * kvHeads + kvHead) * headSize
          let score = 0
          let dProbability = 0
          for (let feature = 0; feature < headSize; feature++) {
            score += queries.data[q + feature] * keys.data[k + feature]
            dProbability += dy.data[q + feature] * values.data[k + feature]
          }
          const probability = Math.exp(score * attributes.scale - logSumExp.data[row * heads + head])
          const dScore = rounded(probability * (dProbability - delta) * attributes.scale)
          for (let feature = 0; feature < headSize; feature++) {
            dValues.data[k + feature] += rounded(probability) * dy.data[q + feature]
            dQueries.data[q + feature] += dScore * keys.data[k + feature]
            dKeys.data[k + feature] += dScore * queries.data[q + feature]
          }
        }
      }
  },
  native: {
    kernel: "attentionGradient",
    storesBf16: [0, 1, 2],
    ints: ({ window }) => [window],
    floats: ({ scale }) => [scale],
  },
})

/**
 * The gradients of attention: `[dQueries, dKeys, dValues]`. Scores are made again, block by block.
 *
 *   p = exp(s − logSumExp);  ds = p · (dy·values − Σ dy·y) · scale
 *   dValues = pᵀ · dy;  dQueries = ds · keys;  dKeys = dsᵀ · queries
 *
 * Under the bf16 policy p and ds are rounded before the products.
 *
 * @shape   queries, y, dy  [rows, heads, headSize]
 * @shape   keys, values    [rows, kvHeads, headSize]
 * @shape   logSumExp       [rows, heads]   as attention gave it
 * @shape   returns         shapes of queries, keys, values   float32
 */
export function attentionGradient(
  queries: TensorLike,
  keys: TensorLike,
  values: TensorLike,
  y: TensorLike,
  logSumExp: TensorLike,
  dy: TensorLike,
  sequenceStart: TensorLike,
  attributes: AttentionAttributes,
): readonly Tensor[] {
  return applyAll(attentionGradientOp, [queries, keys, values, y, logSumExp, dy, sequenceStart], attributes)
}
