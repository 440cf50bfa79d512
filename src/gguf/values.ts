/** The kinds of values that a GGUF file's metadata holds. */

/** Kinds by their number in the file. */
export const VALUE_TYPES = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float32",
  "bool",
  "string",
  "array",
  "uint64",
  "int64",
  "float64",
] as const

export type GgufValueType = (typeof VALUE_TYPES)[number]

type SmallNumberType = "uint8" | "int8" | "uint16" | "int16" | "uint32" | "int32" | "float32" | "float64"

export interface GgufArray {
  readonly type: "array"
  readonly items: GgufValueType
  /** A typed array for numbers; a list for texts, truth values and arrays in arrays. */
  readonly value: GgufItems
}

export type GgufValue =
  | { readonly type: SmallNumberType; readonly value: number }
  | { readonly type: "uint64" | "int64"; readonly value: bigint }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | GgufArray

export type NumberItems =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array

export type GgufItems = NumberItems | readonly string[] | readonly boolean[] | readonly GgufArray[]

/** The array that holds numbers of a kind. */
export const NUMBER_ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float64: Float64Array,
} as const

export type NumberType = keyof typeof NUMBER_ARRAYS

export function isNumberType(type: GgufValueType): type is NumberType {
  return Object.hasOwn(NUMBER_ARRAYS, type)
}

/** The fewest bytes that a value of a kind takes in a file: what a count is checked against before it is believed. */
export function leastBytes(type: GgufValueType): number {
  if (isNumberType(type)) return NUMBER_ARRAYS[type].BYTES_PER_ELEMENT
  return { bool: 1, string: 8, array: 12 }[type]
}
