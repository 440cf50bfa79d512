/** The numbers of GGUF tensors: from bytes to float32 and back, and rows put in another order. */
import { type BlockDType, dequantizeRows, quantizeRows, toF16Bits } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import type { GgufFile, GgufTensor, GgufTensorType } from "../../gguf/index.ts"
import { damaged } from "../../stored-file.ts"
import type { RowOrder } from "./gguf-architecture.ts"
import { widen } from "./stored-numbers.ts"

/** Kinds of tensors that are read. */
const READABLE = ["F32", "F16", "BF16", "Q8_0", "Q4_0"] as const
type ReadableType = (typeof READABLE)[number]
/** Kinds that are written. */
export type GgufWrittenType = Exclude<ReadableType, "BF16">

/** The kinds in blocks that matrices stay in while a model runs. */
const BLOCK_DTYPES: Partial<Record<GgufTensorType, BlockDType>> = { Q8_0: "q8_0", Q4_0: "q4_0" }

/** The dtype of a state that holds a tensor as it is, where there is one: a matrix in blocks. */
export function blockDTypeOf({ type, shape }: GgufTensor): BlockDType | undefined {
  return shape.length === 2 ? BLOCK_DTYPES[type] : undefined
}

/**
 * The numbers of a tensor as float32, row-major.
 *
 * @throws CHECKPOINT_DAMAGED when the file ends early or the tensor is of a kind that is not read
 */
export async function readGgufNumbers(file: GgufFile, name: string): Promise<Float32Array> {
  const { type } = file.tensor(name)
  checkReadable(file, name)
  const bytes = await file.read(name)
  const block = BLOCK_DTYPES[type]
  if (block) return dequantizeRows(bytes, block)
  const numbers = new Float32Array(bytes.length / (type === "F32" ? 4 : 2))
  widen(type as "F32" | "F16" | "BF16", bytes, numbers)
  return numbers
}

/** @throws CHECKPOINT_DAMAGED when the tensor is of a kind that is not read */
export function checkReadable(file: GgufFile, name: string): void {
  const { type } = file.tensor(name)
  if ((READABLE as readonly string[]).includes(type)) return
  const fix = "fetch the model in one of those kinds (its Q8_0 file)"
  throw damaged(`${file.path}: ${name}`, `numbers kept as ${READABLE.join(", ")}`, type, fix)
}

/**
 * The bytes that numbers are kept as.
 *
 * @param name  the tensor, for errors
 * @throws INPUT_INVALID when a number is too large for a float16
 */
export function ggufBytes(numbers: Float32Array, type: GgufWrittenType, name: string): Uint8Array {
  const block = BLOCK_DTYPES[type]
  if (block) return quantizeRows(numbers, block)
  if (type === "F32") return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  const halves = Uint16Array.from(numbers, toF16Bits)
  const infinite = halves.findIndex((bits, index) => (bits & 0x7fff) === 0x7c00 && Number.isFinite(numbers[index]))
  if (infinite >= 0)
    throw new GlossaError("INPUT_INVALID", {
      where: name,
      wanted: "numbers below 65,520, which a float16 holds",
      came: String(numbers[infinite]),
      fix: "write the file as f32",
    })
  return new Uint8Array(halves.buffer)
}

/** The parameter's numbers from the tensor's. @param shape  of the parameter */
export function fromGgufOrder(numbers: Float32Array, shape: readonly number[], order: RowOrder): Float32Array {
  if (order === "same") return numbers
  const [rows, columns] = [shape[0], shape[1] ?? 1]
  if (order === "transposed") return transposed(numbers, columns, rows)
  return inHalves(numbers, rows, order.pairedHeadSize)
}

/** The tensor's numbers from the parameter's. @param shape  of the parameter */
export function toGgufOrder(numbers: Float32Array, shape: readonly number[], order: RowOrder): Float32Array {
  if (order === "same") return numbers
  const [rows, columns] = [shape[0], shape[1] ?? 1]
  if (order === "transposed") return transposed(numbers, rows, columns)
  return inPairs(numbers, rows, order.pairedHeadSize)
}

/** Rows of each head from pairs (0, 1), (2, 3), … to halves: the firsts of all pairs, then their seconds. */
export function inHalves<Row extends Float32Array | Uint8Array>(values: Row, rows: number, headSize: number): Row {
  const half = headSize / 2
  return reordered(values, rows, headSize, (place) => (place < half ? 2 * place : 2 * (place - half) + 1))
}

/** The other way round. */
function inPairs<Row extends Float32Array | Uint8Array>(values: Row, rows: number, headSize: number): Row {
  const half = headSize / 2
  return reordered(values, rows, headSize, (place) => (place % 2 ? half : 0) + Math.floor(place / 2))
}

/** Each head's row `place` taken from its row `source(place)`. Rows may be numbers or the bytes of blocks. */
function reordered<Row extends Float32Array | Uint8Array>(
  values: Row,
  rows: number,
  headSize: number,
  source: (place: number) => number,
): Row {
  const length = values.length / rows
  const result = values.slice() as Row
  for (let row = 0; row < rows; row++) {
    const place = row % headSize
    const from = row - place + source(place)
    result.set(values.subarray(from * length, (from + 1) * length), row * length)
  }
  return result
}

/** [rows, columns] to [columns, rows]. */
export function transposed(numbers: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(numbers.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = numbers[row * columns + column]
  return result
}
