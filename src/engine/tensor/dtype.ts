/** Kinds of numbers a tensor can hold, and what each costs in memory. */

/**
 * - `f32`: parameters, optimizer state, residual stream, losses, statistics.
 * - `bf16`: values that the graph rounded for a fast product.
 * - `i32`: ids, positions, places.
 * - `packedF32`, `packedBf16`: a matrix re-laid in column panels for a product; made by the plan only.
 * - `bytes`: a kernel's scratch; made by the plan only.
 * - `q8_0`, `q4_0`: a matrix `[outputs, inputs]` of weights in blocks of eight or four bits (`blocks.ts`); states only.
 */
export type DType = "f32" | "bf16" | "i32" | "packedF32" | "packedBf16" | "bytes" | BlockDType

/** Kinds that hold a matrix in blocks, as GGUF files do. */
export type BlockDType = "q8_0" | "q4_0"

/** Numbers of the kinds, shared with the native side. */
export const DTYPE_NUMBERS: Readonly<Record<DType, number>> = {
  f32: 0,
  bf16: 1,
  i32: 2,
  packedF32: 3,
  packedBf16: 4,
  bytes: 5,
  q8_0: 6,
  q4_0: 7,
}

const ELEMENT_BYTES: Readonly<Record<Exclude<DType, BlockDType>, number>> = {
  f32: 4,
  bf16: 2,
  i32: 4,
  packedF32: 4,
  packedBf16: 2,
  bytes: 1,
}

/** Bytes of one block: a float16 scale and the weights. */
const BLOCK_BYTES: Readonly<Record<BlockDType, number>> = { q8_0: 2 + 32, q4_0: 2 + 16 }
/** Inputs that one block holds for one output. */
export const BLOCK_INPUTS = 32

export function isBlockDType(dtype: DType): dtype is BlockDType {
  return dtype in BLOCK_BYTES
}
/** Bytes of one block. */
export function blockBytes(dtype: BlockDType): number {
  return BLOCK_BYTES[dtype]
}

/** Columns of one panel of a packed matrix, and outputs of one panel of a matrix in blocks. */
export const PANEL_COLUMNS = 16
/** Inner elements that one step of the bf16 dot product takes; a packed bf16 matrix is padded to it. */
export const DOT_STEP = 32

/** Bytes of one element. */
export function elementBytes(dtype: Exclude<DType, BlockDType>): number {
  return ELEMENT_BYTES[dtype]
}

/**
 * Bytes that an array of these (resolved) sizes takes. Packed kinds have sizes `[inner, columns]`; matrices in blocks,
 * `[outputs, inputs]`, lie in whole panels (`block-panels.ts`).
 */
export function storageBytes(dtype: DType, sizes: readonly number[]): number {
  if (isBlockDType(dtype)) {
    const [outputs, inputs] = sizes
    return roundUp(outputs, PANEL_COLUMNS) * (inputs / BLOCK_INPUTS) * blockBytes(dtype)
  }
  if (dtype === "packedF32" || dtype === "packedBf16") {
    const [inner, columns] = sizes
    const paddedInner = dtype === "packedBf16" ? roundUp(inner, DOT_STEP) : inner
    return roundUp(columns, PANEL_COLUMNS) * paddedInner * elementBytes(dtype)
  }
  return sizes.reduce((product, size) => product * size, elementBytes(dtype))
}

/** The smallest multiple of `step` that is at least `value`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}

const oneFloat = new Float32Array(1)
const oneWord = new Uint32Array(oneFloat.buffer)

/** `value` rounded to the nearest bfloat16, ties to even; NaN stays NaN. */
export function roundToBf16(value: number): number {
  oneFloat[0] = value
  const bits = oneWord[0]
  if ((bits & 0x7fffffff) > 0x7f800000) return Number.NaN
  oneWord[0] = (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000
  return oneFloat[0]
}

/** The 16 bits of `value` as bfloat16. */
export function toBf16Bits(value: number): number {
  oneFloat[0] = Number.isNaN(value) ? Number.NaN : roundToBf16(value)
  return oneWord[0] >>> 16
}

/** The number that 16 bits of bfloat16 stand for. */
export function fromBf16Bits(bits: number): number {
  oneWord[0] = bits << 16
  return oneFloat[0]
}
