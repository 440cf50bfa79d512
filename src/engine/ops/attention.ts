import {
  applyAll,
  defineOp,
  type ReferenceArray,
  type ShapeFault,
  type Tensor,
  type TensorLike,
  type TensorType,
} from "../graph/index.ts"
import { maximumSize, roundToBf16, type Shape, sameDimension, sameShape } from "../tensor/index.ts"
import { attentionGradient } from "./attention-gradient.ts"

/** Of attention over packed sequences and over a cache. */
export interface ScoreAttributes {
  /** What scores are multiplied by, usually 1/√headSize. */
  readonly scale: number
  /** How many positions back a row sees, itself included; 0 for all. */
  readonly window: number
  readonly [key: string]: unknown
}

export interface AttentionAttributes extends ScoreAttributes {
  /** Rows of the longest sequence, for `operations` alone; 0: as many as a run has. */
  readonly longest: number
}

export const attentionOp = defineOp<AttentionAttributes>({
  name: "attention",
  inputs: ["queries", "keys", "values", "sequenceStart"],
  outputs: ([queries, keys, values, sequenceStart], { window }, fault) => {
    checkHeads(queries, keys, values, fault)
    if (!sameDimension(keys.shape[0], queries.shape[0])) fault("as many keys as queries")
    if (sequenceStart.dtype !== "i32" || !sameShape(sequenceStart.shape, queries.shape.slice(0, 1)))
      fault("one i32 sequence start a row")
    if (window < 0) fault("a window of 0 or more", "ATTRIBUTE_INVALID")
    return [
      { shape: queries.shape, dtype: "f32" },
      { shape: queries.shape.slice(0, 2), dtype: "f32" },
    ]
  },
  gradient: ({
    inputs: [queries, keys, values, sequenceStart],
    outputs: [y, logSumExp],
    attributes,
    outputGradients,
  }) =>
    outputGradients[0]
      ? attentionGradient(queries, keys, values, y, logSumExp, outputGradients[0], sequenceStart, attributes)
      : [],
  // Two products of headSize for each pair.
  operations: ([{ shape }], _, attributes) => 4 * visiblePairs(shape, attributes) * maximumSize(shape[2]),
  traits: {
    rounds: [0, 1, 2],
    indexRanges: [{ input: 3, minimum: 0, limit: ([queries]) => Math.max(1, maximumSize(queries.shape[0])) }],
  },
  reference: ([queries, keys, values, sequenceStart], [y, logSumExp], attributes) => {
    const [rowCount, heads, headSize] = queries.shape
    const kvHeads = keys.shape[1]
    for (let row = 0; row < rowCount; row++) {
      const first = firstVisible(row, sequenceStart.data[row], attributes.window)
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor((head * kvHeads) / heads)
        const result = attendOne(
          queries.data.subarray((row * heads + head) * headSize, (row * heads + head + 1) * headSize),
          row - first + 1,
          (index) => ((first + index) * kvHeads + kvHead) * headSize,
          keys,
          values,
          attributes.scale,
        )
        y.data.set(result.y, (row * heads + head) * headSize)
        logSumExp.data[row * heads + head] = result.logSumExp
      }
    }
  },
  native: { kernel: "attention", storesBf16: [0], ints: ({ window }) => [window], floats: ({ scale }) => [scale] },
})

/**
 * How many pairs of a query and a key that it sees there are in all heads: only these are what attention computes, though
 * kernels go over whole blocks. Rows are counted as sequences of `longest` rows; sequences that turn out shorter have fewer.
 */
export function visiblePairs(queries: Shape, { window, longest }: AttentionAttributes): number {
  const rows = maximumSize(queries[0])
  const length = longest > 0 ? Math.min(longest, rows) : rows
  const seenAtMost = window > 0 ? Math.min(window, length) : length
  // The first rows of a sequence see 1, 2 … keys, the others as many as there can be.
  const ofSequence = (seenAtMost * (seenAtMost + 1)) / 2 + (length - seenAtMost) * seenAtMost
  return length > 0 ? (rows / length) * ofSequence * maximumSize(queries[1]) : 0
}

/** The first row that `row` sees. */
export function firstVisible(row: number, sequenceStart: number, window: number): number {
  return window > 0 ? Math.max(sequenceStart, row - window + 1) : sequenceStart
}

export function checkHeads(queries: TensorType, keys: TensorType, values: TensorType, fault: ShapeFault): void {
  const [, heads, headSize] = queries.shape
  const heads3 = [queries, keys, values].every(({ shape }) => shape.length === 3)
  if (!heads3) fault("queries, keys and values of shape [rows, heads, headSize]")
  if (!sameShape(keys.shape, values.shape)) fault("keys and values of one shape")
  if (!sameDimension(headSize, keys.shape[2])) fault("queries and keys of one head size")
  if (maximumSize(heads) % maximumSize(keys.shape[1]) !== 0) fault("a query head count that key heads divide")
  if (queries.dtype !== keys.dtype || keys.dtype !== values.dtype) fault("one dtype", "DTYPE_MISMATCH")
}

/** One query of one head against `count` keys, in float64; probabilities are rounded where the inputs were. */
export function attendOne(
  query: Float64Array,
  count: number,
  placeOf: (index: number) => number,
  keys: ReferenceArray,
  values: ReferenceArray,
  scale: number,
): { y: Float64Array; logSumExp: number } {
  const headSize = query.length
  const scores = new Float64Array(count)
  for (let index = 0; index < count; index++) {
    const place = placeOf(index)
    let score = 0
    for (let feature = 0; feature < headSize; feature++) score += query[feature] * keys.data[place + feature]
    scores[index] = score * scale
  }
  const largest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY)
  const y = new Float64Array(headSize)
  let total = 0
  for (let index = 0; index < count; index++) {
    const exact = Math.exp(scores[index] - largest)
    const weight = values.dtype === "bf16" ? roundToBf16(exact) : exact
    total += exact
    const place = placeOf(index)
    for (let feature = 0; feature < headSize; feature++) y[feature] += weight * values.data[place + feature]
  }
  return { y: y.map((value) => value / total), logSumExp: largest + Math.log(total) }
}

/**
 * Causal attention of each row over the rows of its own sequence, without keeping the scores.
 *
 *   y = softmax(scale · queries · keysᵀ) · values        over keys of the same sequence, not after the row
 *
 * Keys are taken in blocks of 64 positions counted from the sequence's start, so a row gives the same bits here and
 * from a cache, alone or in company. Query head h reads key head ⌊h · kvHeads / heads⌋.
 *
 * @shape   queries        [rows, heads, headSize]     float32 | bfloat16
 * @shape   keys, values   [rows, kvHeads, headSize]   same dtype; kvHeads divides heads
 * @shape   sequenceStart  [rows]                      i32: the row at which this row's sequence begins, ≤ the row itself
 * @shape   returns        [rows, heads, headSize]     float32
 * @param   scale   usually 1/√headSize
 * @param   window  how many positions back a row sees, itself included; 0 for all
 * @param   longest rows of the longest sequence, by which operations are counted; 0 where one may fill the run
 * @gradient queries, keys, values
 * @throws  SHAPE_MISMATCH when head counts or sizes do not fit
 * @paper   Vaswani et al. 2017, arXiv:1706.03762; Dao 2023, arXiv:2307.08691
 */
export function attention(
  queries: TensorLike,
  keys: TensorLike,
  values: TensorLike,
  sequenceStart: TensorLike,
  { scale, window = 0, longest = 0 }: { scale: number; window?: number; longest?: number },
): Tensor {
  return applyAll(attentionOp, [queries, keys, values, sequenceStart], { scale, window, longest })[0]
}
