/** The kinds of numbers that GGUF tensors are kept in: numbers one by one, or blocks of a row with scales of their own. */

interface TensorTypeDescription {
  /** Number in the file. */
  readonly number: number
  /** Numbers of a row that one block holds; 1 where each stands alone. */
  readonly block: number
  /** Bytes of one block. */
  readonly bytes: number
}

const kind = (number: number, block: number, bytes: number): TensorTypeDescription => ({ number, block, bytes })

/** Every kind by its name. Those that are not read are here so that an error can name them. */
export const GGUF_TENSOR_TYPES = {
  F32: kind(0, 1, 4),
  F16: kind(1, 1, 2),
  Q4_0: kind(2, 32, 18),
  Q4_1: kind(3, 32, 20),
  Q5_0: kind(6, 32, 22),
  Q5_1: kind(7, 32, 24),
  Q8_0: kind(8, 32, 34),
  Q8_1: kind(9, 32, 36),
  Q2_K: kind(10, 256, 84),
  Q3_K: kind(11, 256, 110),
  Q4_K: kind(12, 256, 144),
  Q5_K: kind(13, 256, 176),
  Q6_K: kind(14, 256, 210),
  Q8_K: kind(15, 256, 292),
  IQ2_XXS: kind(16, 256, 66),
  IQ2_XS: kind(17, 256, 74),
  IQ3_XXS: kind(18, 256, 98),
  IQ1_S: kind(19, 256, 50),
  IQ4_NL: kind(20, 32, 18),
  IQ3_S: kind(21, 256, 110),
  IQ2_S: kind(22, 256, 82),
  IQ4_XS: kind(23, 256, 136),
  I8: kind(24, 1, 1),
  I16: kind(25, 1, 2),
  I32: kind(26, 1, 4),
  I64: kind(27, 1, 8),
  F64: kind(28, 1, 8),
  IQ1_M: kind(29, 256, 56),
  BF16: kind(30, 1, 2),
  TQ1_0: kind(34, 256, 54),
  TQ2_0: kind(35, 256, 66),
  MXFP4: kind(39, 32, 17),
} as const

export type GgufTensorType = keyof typeof GGUF_TENSOR_TYPES

const byNumber = new Map(
  Object.entries(GGUF_TENSOR_TYPES).map(([name, { number }]) => [number, name as GgufTensorType]),
)

export function tensorTypeOf(number: number): GgufTensorType | undefined {
  return byNumber.get(number)
}

/** Bytes of a tensor, row-major; undefined where its rows are no whole count of blocks. */
export function ggufTensorBytes(type: GgufTensorType, shape: readonly number[]): number | undefined {
  const { block, bytes } = GGUF_TENSOR_TYPES[type]
  const rowLength = shape.at(-1) ?? 1
  if (rowLength % block) return undefined
  return shape.reduce((product, size) => product * size, 1) * (bytes / block)
}
