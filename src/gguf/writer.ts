/** GGUF files out (version 3), one tensor in memory at a time. */
import { invariant } from "../errors.ts"
import { DEFAULT_ALIGNMENT, MAGIC } from "./header.ts"
import { GGUF_TENSOR_TYPES, type GgufTensorType, ggufTensorBytes } from "./tensor-types.ts"
import { type GgufArray, type GgufValue, NUMBER_ARRAYS, type NumberItems, VALUE_TYPES } from "./values.ts"

/** Takes bytes in order. */
export interface GgufSink {
  write(bytes: Uint8Array): Promise<void>
}

export interface GgufTensorToWrite {
  readonly name: string
  readonly type: GgufTensorType
  /** Outermost first; the rows of a type of blocks are whole blocks. */
  readonly shape: readonly number[]
  /** Gives the bytes when their turn comes. */
  read(): Promise<Uint8Array>
}

/** Writes the content of one GGUF file: metadata and table, then each tensor in turn, at multiples of 32 bytes. */
export async function writeGguf(
  sink: GgufSink,
  values: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensorToWrite[],
): Promise<void> {
  const header = headerBytes(values, tensors)
  await sink.write(header)
  await pad(sink, header.length)
  for (const tensor of tensors) {
    const bytes = await tensor.read()
    const wanted = bytesOf(tensor)
    invariant(bytes.length === wanted, tensor.name, `${bytes.length} bytes for [${tensor.shape}] ${tensor.type}`)
    await sink.write(bytes)
    await pad(sink, bytes.length)
  }
}

function headerBytes(values: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensorToWrite[]): Uint8Array {
  const parts: Uint8Array[] = [utf8(MAGIC), uint32(3), uint64(tensors.length), uint64(values.size)]
  for (const [key, value] of values) {
    parts.push(text(key), uint32(VALUE_TYPES.indexOf(value.type)))
    pushValue(parts, value)
  }
  let place = 0
  for (const tensor of tensors) {
    parts.push(text(tensor.name), uint32(tensor.shape.length), ...[...tensor.shape].reverse().map(uint64))
    parts.push(uint32(GGUF_TENSOR_TYPES[tensor.type].number), uint64(place))
    place += aligned(bytesOf(tensor))
  }
  return Buffer.concat(parts)
}

function pushValue(parts: Uint8Array[], value: GgufValue): void {
  if (value.type === "array") pushArray(parts, value)
  else if (value.type === "string") parts.push(text(value.value))
  else if (value.type === "bool") parts.push(Uint8Array.of(value.value ? 1 : 0))
  else parts.push(rawBytes(NUMBER_ARRAYS[value.type].of(value.value as never)))
}

function pushArray(parts: Uint8Array[], { items, value }: GgufArray): void {
  parts.push(uint32(VALUE_TYPES.indexOf(items)), uint64(value.length))
  if (ArrayBuffer.isView(value)) parts.push(rawBytes(value))
  else
    for (const item of value)
      if (typeof item === "string") parts.push(text(item))
      else if (typeof item === "boolean") parts.push(Uint8Array.of(item ? 1 : 0))
      else pushArray(parts, item)
}

function bytesOf({ name, type, shape }: GgufTensorToWrite): number {
  const bytes = ggufTensorBytes(type, shape)
  invariant(bytes !== undefined, name, `rows of ${shape.at(-1)} for ${type}`)
  return bytes
}

const aligned = (bytes: number): number => Math.ceil(bytes / DEFAULT_ALIGNMENT) * DEFAULT_ALIGNMENT

async function pad(sink: GgufSink, written: number): Promise<void> {
  const missing = aligned(written) - written
  if (missing > 0) await sink.write(new Uint8Array(missing))
}

function utf8(value: string): Uint8Array {
  return Buffer.from(value, "utf8")
}
function text(value: string): Uint8Array {
  const bytes = utf8(value)
  return Buffer.concat([uint64(bytes.length), bytes])
}
function uint32(value: number): Uint8Array {
  return rawBytes(Uint32Array.of(value))
}
function uint64(value: number): Uint8Array {
  return rawBytes(BigUint64Array.of(BigInt(value)))
}
function rawBytes({ buffer, byteOffset, byteLength }: NumberItems): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
