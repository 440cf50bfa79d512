/**
 * Weights in blocks: 32 neighbours of a row share one float16 scale and keep eight or four bits each. A row is its blocks
 * one after another, a matrix its rows, as in GGUF files.
 *
 *   q8_0   scale, 32 × int8            weight = scale · q
 *   q4_0   scale, 16 bytes             weight = scale · (q − 8); byte i holds q of place i low and of place i + 16 high
 */
import { GlossaError } from "../../errors.ts"
import { BLOCK_INPUTS, type BlockDType, blockBytes } from "./dtype.ts"
import { fromF16Bits, toF16Bits } from "./float16.ts"

const HALF = BLOCK_INPUTS / 2

/**
 * Rounds numbers to blocks, by the rules of ggml's reference, so that files agree byte for byte:
 *
 *   q8_0   scale = max|x| / 127                        q = round(x / scale), halves away from zero
 *   q4_0   scale = (x of the largest magnitude) / −8   q = min(15, ⌊x / scale + 8.5⌋)
 *
 * The scale is a float32 while weights are divided by it (by multiplying with its reciprocal), and a float16 when kept.
 *
 * @param numbers  rows one after another; a whole count of blocks
 * @throws SHAPE_MISMATCH when a block would be left incomplete
 * @throws INPUT_INVALID when a number is not finite or too large for a float16 scale
 */
export function quantizeRows(numbers: Float32Array, dtype: BlockDType): Uint8Array {
  const count = wholeBlocks(numbers.length, BLOCK_INPUTS, `quantizeRows to ${dtype}`, "numbers")
  const blocks = new Uint8Array(count * blockBytes(dtype))
  const quantize = dtype === "q8_0" ? quantizeEight : quantizeFour
  for (let block = 0; block < count; block++) {
    const first = block * BLOCK_INPUTS
    const at = block * blockBytes(dtype)
    const largest = largestOf(numbers, first)
    const bits = toF16Bits(quantize(numbers, first, largest, blocks, at + 2))
    if (!Number.isFinite(fromF16Bits(bits)))
      throw new GlossaError("INPUT_INVALID", {
        where: `quantizeRows to ${dtype}`,
        wanted: "finite numbers whose scale a float16 can hold",
        came: `${largest} among numbers ${first} to ${first + BLOCK_INPUTS - 1}`,
      })
    blocks[at] = bits & 0xff
    blocks[at + 1] = bits >>> 8
  }
  return blocks
}

/** Numbers back from blocks: scale · q, which a float32 holds exactly. @throws SHAPE_MISMATCH for part of a block */
export function dequantizeRows(blocks: Uint8Array, dtype: BlockDType): Float32Array {
  const size = blockBytes(dtype)
  const count = wholeBlocks(blocks.length, size, `dequantizeRows from ${dtype}`, "bytes")
  const numbers = new Float32Array(count * BLOCK_INPUTS)
  for (let block = 0; block < count; block++) {
    const at = block * size
    const first = block * BLOCK_INPUTS
    const scale = fromF16Bits(blocks[at] | (blocks[at + 1] << 8))
    if (dtype === "q8_0")
      for (let i = 0; i < BLOCK_INPUTS; i++) numbers[first + i] = scale * ((blocks[at + 2 + i] << 24) >> 24)
    else
      for (let i = 0; i < HALF; i++) {
        const pair = blocks[at + 2 + i]
        numbers[first + i] = scale * ((pair & 15) - 8)
        numbers[first + HALF + i] = scale * ((pair >>> 4) - 8)
      }
  }
  return numbers
}

function wholeBlocks(length: number, size: number, where: string, unit: string): number {
  if (length % size === 0) return length / size
  throw new GlossaError("SHAPE_MISMATCH", { where, wanted: `a multiple of ${size} ${unit}`, came: `${length}` })
}

/** The number of the largest magnitude in the block from `first` on, the first of equals; NaN where there is one. */
function largestOf(numbers: Float32Array, first: number): number {
  let largest = 0
  for (let i = first; i < first + BLOCK_INPUTS; i++) {
    const value = numbers[i]
    if (Number.isNaN(value)) return value
    if (Math.abs(value) > Math.abs(largest)) largest = value
  }
  return largest
}

function reciprocal(scale: number): number {
  return scale === 0 ? 0 : Math.fround(1 / scale)
}

/** Rounds the block of numbers from `first` on into the bytes from `at` on, and answers its scale. */
type BlockRule = (numbers: Float32Array, first: number, largest: number, bytes: Uint8Array, at: number) => number

const quantizeEight: BlockRule = (numbers, first, largest, bytes, at) => {
  const scale = Math.fround(Math.abs(largest) / 127)
  const factor = reciprocal(scale)
  for (let i = 0; i < BLOCK_INPUTS; i++) {
    const exact = Math.fround(numbers[first + i] * factor)
    const whole = Math.floor(Math.abs(exact) + 0.5)
    bytes[at + i] = exact < 0 ? -whole : whole
  }
  return scale
}

const quantizeFour: BlockRule = (numbers, first, largest, bytes, at) => {
  const scale = Math.fround(largest / -8)
  const factor = reciprocal(scale)
  const nibble = (value: number): number => Math.min(15, Math.trunc(Math.fround(Math.fround(value * factor) + 8.5)))
  for (let i = 0; i < HALF; i++) bytes[at + i] = nibble(numbers[first + i]) | (nibble(numbers[first + HALF + i]) << 4)
  return scale
}
