import { apply, defineOp, type ReferenceArray, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumSize, sameDimension, sameShape } from "../tensor/index.ts"

interface MatmulAttributes {
  readonly transposeLeft: boolean
  readonly transposeRight: boolean
  readonly [key: string]: unknown
}

export const matmulOp = defineOp<MatmulAttributes>({
  name: "matmul",
  inputs: ["left", "right", "accumulator?"],
  outputs: ([left, right, accumulator], { transposeLeft, transposeRight }, fault) => {
    if (left.shape.length !== 2 || right.shape.length !== 2) fault("two matrices")
    if (left.dtype !== right.dtype) fault("left and right of one dtype", "DTYPE_MISMATCH")
    const [m, k] = transposeLeft ? [left.shape[1], left.shape[0]] : left.shape
    const [inner, n] = transposeRight ? [right.shape[1], right.shape[0]] : right.shape
    if (!sameDimension(k, inner)) fault(`inner sizes that agree (left has ${k}, right ${inner})`)
    if (accumulator && !sameShape(accumulator.shape, [m, n])) fault("an accumulator of the output's shape")
    return [{ shape: [m, n], dtype: "f32" }]
  },
  gradient: ({ inputs: [left, right], attributes: { transposeLeft, transposeRight }, outputGradients: [dy] }) => {
    if (!dy) return []
    const dLeft = transposeLeft
      ? matmul(right, dy, { transposeLeft: transposeRight, transposeRight: true })
      : matmul(dy, right, { transposeRight: !transposeRight })
    const dRight = transposeRight
      ? matmul(dy, left, { transposeLeft: true, transposeRight: transposeLeft })
      : matmul(left, dy, { transposeLeft: !transposeLeft })
    return [dLeft, dRight]
  },
  operations: ([left], [{ shape }], { transposeLeft }) =>
    2 * maximumSize(shape[0]) * maximumSize(shape[1]) * maximumSize(left.shape[transposeLeft ? 0 : 1]),
  traits: { rounds: [0, 1], accumulators: [2] },
  reference: ([left, right, accumulator], [y], { transposeLeft, transposeRight }) => {
    if (accumulator) y.data.set(accumulator.data)
    else y.data.fill(0)
    multiplyMatrices(rowMajor(left, transposeLeft), rowMajor(right, transposeRight), y.data, y.shape[1])
  },
  native: {
    kernel: "matmul",
    withElementwise: "matmulElementwise",
    storesBf16: [0],
    operands: (inputs, { transposeRight }) => [
      { input: 0 },
      { input: 1, packed: true, transposed: transposeRight },
      ...(inputs.length > 2 ? [{ input: 2 }] : []),
    ],
    ints: ({ transposeLeft }) => [transposeLeft ? 1 : 0],
  },
})

/** The matrix in row-major order: `[data, inner size]`. */
function rowMajor({ data, shape }: ReferenceArray, transposed: boolean): { data: Float64Array; columns: number } {
  if (!transposed) return { data, columns: shape[1] }
  const [rowCount, columnCount] = shape
  const result = new Float64Array(data.length)
  for (let row = 0; row < rowCount; row++)
    for (let column = 0; column < columnCount; column++)
      result[column * rowCount + row] = data[row * columnCount + column]
  return { data: result, columns: rowCount }
}

/** `sums += left · right`, inner elements in ascending order. */
function multiplyMatrices(
  left: { data: Float64Array; columns: number },
  right: { data: Float64Array; columns: number },
  sums: Float64Array,
  columnCount: number,
): void {
  const inner = left.columns
  const rowCount = columnCount ? sums.length / columnCount : 0
  for (let row = 0; row < rowCount; row++) {
    const target = sums.subarray(row * columnCount, (row + 1) * columnCount)
    for (let k = 0; k < inner; k++) {
      const factor = left.data[row * inner + k]
      const source = k * columnCount
      for (let column = 0; column < columnCount; column++) target[column] += factor * right.data[source + column]
    }
  }
}

/**
 * The product of two matrices.
 *
 *   y = left′ · right′        each transposed first where asked
 *
 * @shape   left     [m, k] ([k, m] with transposeLeft)    float32 | bfloat16
 * @shape   right    [k, n] ([n, k] with transposeRight)   same dtype as left
 * @shape   returns  [m, n]   float32
 * @gradient left, right
 * @throws  SHAPE_MISMATCH when the inner sizes differ
 */
export function matmul(
  left: TensorLike,
  right: TensorLike,
  { transposeLeft = false, transposeRight = false }: { transposeLeft?: boolean; transposeRight?: boolean } = {},
): Tensor {
  return apply(matmulOp, [left, right], { transposeLeft, transposeRight })
}
