/**
 * What a model does with its matrices, each in the way of its kind of numbers: float32 parameters are trained and
 * rounded by the precision policy, weights in blocks are multiplied as whole numbers and have no gradient.
 */
import {
  embedding,
  isBlockDType,
  linearCrossEntropy,
  MOST_WEIGHTS,
  matmul,
  quantizedCrossEntropy,
  quantizedEmbedding,
  quantizedMatmul,
  quantizedMatmuls,
  type State,
  type Tensor,
} from "../../engine/index.ts"

/**
 * y = x · weightᵀ
 *
 * @shape   x        [rows, in]
 * @shape   weight   [out, in]     float32, or in blocks
 * @shape   returns  [rows, out]   float32
 */
export function product(x: Tensor, weight: State): Tensor {
  return isBlockDType(weight.dtype) ? quantizedMatmul(x, weight) : matmul(x, weight, { transposeRight: true })
}

/**
 * The products of one x with several weights in one operation, each with the numbers that `product` gives: weights in
 * blocks of one kind, for which x is rounded once. Undefined for others, whose products stand alone.
 *
 * @shape   x        [rows, in]
 * @shape   weights  [outᵢ, in]
 * @shape   returns  [rows, outᵢ]   float32
 */
export function jointProducts(x: Tensor, weights: readonly State[]): readonly Tensor[] | undefined {
  const [{ dtype }] = weights
  const alike = isBlockDType(dtype) && weights.every((weight) => weight.dtype === dtype)
  return alike && weights.length <= MOST_WEIGHTS ? quantizedMatmuls(x, weights) : undefined
}

/**
 * y = x · weight, with a float matrix kept [in, out]. In blocks, which run along the inputs, the same matrix is kept
 * [out, in].
 *
 * @shape   x        [rows, in]
 * @shape   weight   [in, out] float32, or [out, in] in blocks
 * @shape   returns  [rows, out]   float32
 */
export function productInOut(x: Tensor, weight: State): Tensor {
  return isBlockDType(weight.dtype) ? quantizedMatmul(x, weight) : matmul(x, weight)
}

/**
 * The rows of a table that ids name.
 *
 * @shape   table    [vocab, width]   float32, or in blocks
 * @shape   ids      [rows]           i32
 * @shape   returns  [rows, width]    float32
 */
export function tableRows(table: State, ids: Tensor): Tensor {
  return isBlockDType(table.dtype) ? quantizedEmbedding(table, ids) : embedding(table, ids)
}

/** The rows of x that are wanted: all without `wanted`. @shape x [rows, width], wanted [count] i32, returns [count, width] */
export function wantedRows(x: Tensor, wanted: Tensor | undefined): Tensor {
  return wanted ? embedding(x, wanted) : x
}

/**
 * The negative log-probability of each row's target, nats, from the very logits that `product` gives.
 *
 * @shape   hidden   [rows, width]
 * @shape   weight   [vocab, width]   float32, or in blocks
 * @shape   targets  [rows]           i32, or IGNORED_TARGET
 * @shape   returns  [rows]           float32
 */
export function tokenLosses(hidden: Tensor, weight: State, targets: Tensor): Tensor {
  return isBlockDType(weight.dtype)
    ? quantizedCrossEntropy(hidden, weight, targets)
    : linearCrossEntropy(hidden, weight, targets)
}
