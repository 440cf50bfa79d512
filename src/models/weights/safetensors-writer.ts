/** Safetensors files out, one tensor in memory at a time. */
import { invariant } from "../../errors.ts"
import type { ByteSink } from "./replace-files.ts"
import { narrowToBf16, STORED_BYTES } from "./stored-numbers.ts"

/** Kinds that are written. `F32` keeps every bit of a parameter; `BF16` halves the file. */
export type WrittenType = "F32" | "BF16" | "I32"

export interface TensorToWrite {
  readonly name: string
  readonly type: WrittenType
  readonly shape: readonly number[]
  /** Gives the numbers when their turn comes; float32 for `F32` and `BF16`, int32 for `I32`. */
  read(): Promise<Float32Array | Int32Array>
}

/** Bytes of a tensor's numbers in the file. */
export function writtenBytes({ type, shape }: Pick<TensorToWrite, "type" | "shape">): number {
  return shape.reduce((product, size) => product * size, STORED_BYTES[type])
}

/**
 * Writes the content of one safetensors file: its table, then each tensor in turn.
 *
 * @param metadata  texts kept in the table; `format: "pt"`, which other readers ask for, is always there
 */
export async function writeSafetensors(
  sink: ByteSink,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await sink.write(tableOf(tensors, metadata))
  for (const tensor of tensors) {
    const numbers = await tensor.read()
    const bytes = storedBytes(tensor, numbers)
    invariant(bytes.length === writtenBytes(tensor), tensor.name, `${bytes.length} bytes for [${tensor.shape}]`)
    await sink.write(bytes)
  }
}

function tableOf(tensors: readonly TensorToWrite[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const table: [string, unknown][] = [["__metadata__", { format: "pt", ...metadata }]]
  let place = 0
  for (const { name, type, shape } of tensors) {
    const end = place + writtenBytes({ type, shape })
    table.push([name, { dtype: type, shape, data_offsets: [place, end] }])
    place = end
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(table)), "utf8")
  const padded = Math.ceil(text.length / 8) * 8 // the numbers begin at a multiple of eight bytes
  const bytes = Buffer.alloc(8 + padded, " ")
  bytes.writeBigUInt64LE(BigInt(padded), 0)
  text.copy(bytes, 8)
  return bytes
}

function storedBytes({ type }: TensorToWrite, numbers: Float32Array | Int32Array): Uint8Array {
  const stored = type === "BF16" ? narrowToBf16(numbers as Float32Array) : numbers
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)
}
