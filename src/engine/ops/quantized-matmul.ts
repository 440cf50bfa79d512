/** Products with weights in blocks: the activations are rounded to eight bits, and whole numbers are multiplied. */
import {
  apply,
  applyAll,
  defineOp,
  type ReferenceArray,
  type Tensor,
  type TensorLike,
  type TensorType,
} from "../graph/index.ts"
import {
  BLOCK_INPUTS,
  type BlockDType,
  blockBytes,
  fromF16Bits,
  isBlockDType,
  maximumSize,
  roundUp,
  sameDimension,
} from "../tensor/index.ts"

/** Why no operation on weights in blocks has a gradient. */
export const NO_BLOCK_GRADIENT = "weights in blocks are for generation only; train on float weights"
/** Below this, a block of activations counts as zero: its scale would not be a normal float32. */
const SMALLEST_BLOCK = 2 ** -119
/** Bytes that the native kernel sets aside for a row's share of a block, and the rows it rounds up to. */
const SHARE_BYTES = BLOCK_INPUTS + 8
const SHARE_ROWS = 16

export const quantizedMatmulOp = defineOp({
  name: "quantizedMatmul",
  inputs: ["x", "weight", "second?", "third?"],
  outputs: ([x, ...weights], _, fault) =>
    weights.map(({ shape, dtype }): TensorType => {
      if (x.shape.length !== 2 || shape.length !== 2) fault("x [rows, inputs] and weights [outputs, inputs]")
      if (x.dtype !== "f32" || !isBlockDType(dtype)) fault("x of f32 and weights of q8_0 or q4_0", "DTYPE_MISMATCH")
      if (dtype !== weights[0].dtype) fault("weights of one kind of blocks", "DTYPE_MISMATCH")
      if (!sameDimension(x.shape[1], shape[1])) fault("x and weights of as many inputs")
      return { shape: [x.shape[0], shape[0]], dtype: "f32" }
    }),
  gradient: { none: NO_BLOCK_GRADIENT },
  operations: ([x, ...weights]) =>
    2 *
    maximumSize(x.shape[0]) *
    maximumSize(x.shape[1]) *
    weights.reduce((outputs, { shape }) => outputs + maximumSize(shape[0]), 0),
  traits: { blockWeights: [1, 2, 3] },
  reference: ([x, ...weights], products) => {
    const inputs = x.shape[1]
    const rows = Array.from({ length: x.shape[0] }, (_, row) =>
      roundActivations(x.data.subarray(row * inputs, (row + 1) * inputs)),
    )
    weights.forEach((weight, index) => {
      const [outputs] = weight.shape
      const blocks = readBlocks(weight)
      rows.forEach((rounded, row) => {
        for (let output = 0; output < outputs; output++)
          products[index].data[row * outputs + output] = dot(rounded, blocks, output)
      })
    })
  },
  native: { kernel: "quantizedMatmul", storesBf16: [0, 1, 2], scratchBytes: activationBytes },
})

/** Most weights that one operation multiplies. */
export const MOST_WEIGHTS = 3

/** Scratch for rounded activations, enough on every instruction-set level. */
export function activationBytes([x]: readonly TensorType[]): number {
  return roundUp(maximumSize(x.shape[0]), SHARE_ROWS) * (maximumSize(x.shape[1]) / BLOCK_INPUTS) * SHARE_BYTES
}

/** Whole numbers in blocks of 32, and the scale of each block. */
export interface BlockNumbers {
  readonly values: Int8Array
  readonly scales: Float64Array
}

/** The whole numbers and scales of a matrix in blocks. */
export function readBlocks({ blocks = new Uint8Array(), dtype, shape }: ReferenceArray): BlockNumbers {
  const [outputs, inputs] = shape
  const size = blockBytes(dtype as BlockDType)
  const count = outputs * (inputs / BLOCK_INPUTS)
  const scales = new Float64Array(count)
  const values = new Int8Array(count * BLOCK_INPUTS)
  for (let block = 0; block < count; block++) {
    const at = block * size
    scales[block] = fromF16Bits(blocks[at] | (blocks[at + 1] << 8))
    for (let i = 0; i < BLOCK_INPUTS; i++) {
      const byte = blocks[at + 2 + (dtype === "q8_0" ? i : i % 16)]
      values[block * BLOCK_INPUTS + i] = dtype === "q8_0" ? byte : (i < 16 ? byte & 15 : byte >> 4) - 8
    }
  }
  return { values, scales }
}

/** Activations rounded to eight bits in blocks: by the steps in float32 that kernels take, so to the same numbers. */
export function roundActivations(x: Float64Array): BlockNumbers {
  const values = new Int8Array(x.length)
  const scales = new Float64Array(x.length / BLOCK_INPUTS)
  for (let block = 0; block < scales.length; block++) {
    const first = block * BLOCK_INPUTS
    const numbers = Float32Array.from(x.subarray(first, first + BLOCK_INPUTS))
    const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    if (!Number.isFinite(largest)) scales[block] = Number.NaN
    if (!(largest >= SMALLEST_BLOCK && largest < Number.POSITIVE_INFINITY)) continue
    scales[block] = Math.fround(largest / 127)
    const factor = Math.fround(127 / largest)
    numbers.forEach((value, i) => {
      values[first + i] = roundToEven(Math.fround(value * factor))
    })
  }
  return { values, scales }
}

function roundToEven(value: number): number {
  const whole = Math.floor(value)
  const rest = value - whole
  return whole + (rest > 0.5 || (rest === 0.5 && whole % 2 !== 0) ? 1 : 0)
}

/** Σ over blocks of scale · scale · (the whole sum of products), for row `output` of the weight. */
export function dot(x: BlockNumbers, weight: BlockNumbers, output: number): number {
  const inputs = x.values.length
  const blocks = x.scales.length
  let total = 0
  for (let block = 0; block < blocks; block++) {
    let sum = 0
    for (let i = block * BLOCK_INPUTS; i < (block + 1) * BLOCK_INPUTS; i++)
      sum += x.values[i] * weight.values[output * inputs + i]
    total += sum * (weight.scales[output * blocks + block] * x.scales[block])
  }
  return total
}

/**
 * The product with weights in blocks. Activations are rounded to eight bits in blocks of 32, each with the scale
 * max|x| / 127; a block's products are added up exactly as whole numbers.
 *
 *   y = Σ over blocks of (scale of weights · scale of activations) · Σ q · a
 *
 * A row with a NaN or an infinity gives NaN. Without a gradient: weights in blocks are for generation only.
 *
 * @shape   x        [rows, inputs]      float32
 * @shape   weight   [outputs, inputs]   q8_0 | q4_0
 * @shape   returns  [rows, outputs]     float32
 * @throws  DTYPE_MISMATCH when the weight is not in blocks
 */
export function quantizedMatmul(x: TensorLike, weight: TensorLike): Tensor {
  return apply(quantizedMatmulOp, [x, weight], {})
}

/**
 * Products of the same numbers with several weights, each as `quantizedMatmul` gives it, to the bit: x is rounded once, and
 * threads meet once for all.
 *
 * @shape   x        [rows, inputs]       float32
 * @shape   weights  [outputsᵢ, inputs]   one to three, all q8_0 or all q4_0
 * @shape   returns  [rows, outputsᵢ]     float32
 * @throws  DTYPE_MISMATCH when a weight is not in blocks, or in other blocks than the first
 */
export function quantizedMatmuls(x: TensorLike, weights: readonly TensorLike[]): readonly Tensor[] {
  return applyAll(quantizedMatmulOp, [x, ...weights], {})
}
