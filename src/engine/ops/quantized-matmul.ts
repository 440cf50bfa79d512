/** Products with weights in blocks: the activations are rounded to eight bits, and whole numbers are multiplied. */
import { apply, defineOp, type ReferenceArray, type Tensor, type TensorLike, type TensorType } from "../graph/index.ts"
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
  inputs: ["x", "weight"],
  outputs: ([x, weight], _, fault) => {
    if (x.shape.length !== 2 || weight.shape.length !== 2) fault("x [rows, inputs] and weight [outputs, inputs]")
    if (x.dtype !== "f32" || !isBlockDType(weight.dtype)) fault("x of f32 and weight of q8_0 or q4_0", "DTYPE_MISMATCH")
    if (!sameDimension(x.shape[1], weight.shape[1])) fault("x and weight of as many inputs")
    return [{ shape: [x.shape[0], weight.shape[0]], dtype: "f32" }]
  },
  gradient: { none: NO_BLOCK_GRADIENT },
  operations: ([x, weight]) => 2 * maximumSize(x.shape[0]) * maximumSize(x.shape[1]) * maximumSize(weight.shape[0]),
  traits: { blockWeights: [1] },
  reference: ([x, weight], [y]) => {
    const [outputs, inputs] = weight.shape
    const blocks = readBlocks(weight)
    for (let row = 0; row < x.shape[0]; row++) {
      const rounded = roundActivations(x.data.subarray(row * inputs, (row + 1) * inputs))
      for (let output = 0; output < outputs; output++) y.data[row * outputs + output] = dot(rounded, blocks, output)
    }
  },
  native: { kernel: "quantizedMatmul", storesBf16: [0], scratchBytes: activationBytes },
})

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
