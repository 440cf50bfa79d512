/** Kinds of numbers a tensor can hold, and what each costs in memory. */

/**
 * - `f32`: parameters, optimizer state, residual stream, losses, statistics.
 * - `bf16`: values that the graph rounded for a fast product.
 * - `i32`: ids, positions, places.
 * - `packedF32`, `packedBf16`: a matrix re-laid in column panels for a product; made by the plan only.
 * - `bytes`: a kernel's scratch; made by the plan only.
 */
export type DType = "f32" | "bf16" | "i32" | "packedF32" | "packedBf16" | "bytes"

/** Numbers of the kinds, shared with the native side. */
export const DTYPE_NUMBERS: Readonly<Record<DType, number>> = {
  f32: 0,
  bf16: 1,
  i32: 2,
  packedF32: 3,
  packedBf16: 4,
  bytes: 5,
}

const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  f32: 4,
  bf16: 2,
  i32: 4,
  packedF32: 4,
  packedBf16: 2,
  bytes: 1,
}

/** Columns of one panel of a packed matrix. */
export const PANEL_COLUMNS = 16
/** Inner elements that one step of the bf16 dot product takes; a packed bf16 matrix is padded to it. */
export const DOT_STEP = 32

/** Bytes of one element. */
export function elementBytes(dtype: DType): number {
  return ELEMENT_BYTES[dtype]
}

/** Bytes that an array of these (resolved) sizes takes. Packed kinds have sizes `[inner, columns]`. */
export function storageBytes(dtype: DType, sizes: readonly number[]): number {
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
