/** The kinds of numbers that safetensors files hold, and how each becomes float32. */

/** Bytes of one number, by the names that safetensors gives the kinds. */
export const STORED_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const

export type StoredType = keyof typeof STORED_BYTES

/** Kinds that can be read as float32; the eight-bit floats need scales that the file alone does not tell. */
export type ReadableType = Exclude<StoredType, "F8_E4M3" | "F8_E5M2">

export function isReadable(type: StoredType): type is ReadableType {
  return type !== "F8_E4M3" && type !== "F8_E5M2"
}

/** Writes the numbers in `bytes` (a whole count of them, aligned) as float32 into `target`. */
export function widen(type: ReadableType, bytes: Uint8Array, target: Float32Array): void {
  const view = viewOf(type, bytes)
  switch (type) {
    case "BF16":
      widenBf16(view as Uint16Array, target)
      return
    case "F16":
      widenF16(view as Uint16Array, target)
      return
    case "I64":
    case "U64":
      for (let index = 0; index < view.length; index++) target[index] = Number(view[index])
      return
    default:
      target.set(view as Uint8Array)
  }
}

type NumberView =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

function viewOf(type: ReadableType, { buffer, byteOffset, byteLength }: Uint8Array): NumberView {
  const View = {
    BOOL: Uint8Array,
    U8: Uint8Array,
    I8: Int8Array,
    U16: Uint16Array,
    I16: Int16Array,
    F16: Uint16Array,
    BF16: Uint16Array,
    U32: Uint32Array,
    I32: Int32Array,
    F32: Float32Array,
    U64: BigUint64Array,
    I64: BigInt64Array,
    F64: Float64Array,
  }[type]
  return new View(buffer as ArrayBuffer, byteOffset, byteLength / STORED_BYTES[type])
}

function widenBf16(source: Uint16Array, target: Float32Array): void {
  const words = new Uint32Array(target.buffer, target.byteOffset, source.length)
  for (let index = 0; index < source.length; index++) words[index] = source[index] << 16
}

let f16Table: Float32Array | undefined

function widenF16(source: Uint16Array, target: Float32Array): void {
  f16Table ??= Float32Array.from({ length: 0x10000 }, (_, bits) => fromF16Bits(bits))
  for (let index = 0; index < source.length; index++) target[index] = f16Table[source[index]]
}

/** The number that 16 bits of IEEE 754 half precision stand for. */
export function fromF16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Each number as the 16 bits of bfloat16: nearest, ties to even; NaN stays NaN. */
export function narrowToBf16(source: Float32Array): Uint16Array {
  const words = new Uint32Array(source.buffer, source.byteOffset, source.length)
  const result = new Uint16Array(source.length)
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    const isNotNumber = (word & 0x7fffffff) > 0x7f800000
    result[index] = isNotNumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return result
}
