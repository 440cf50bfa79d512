/**
 * The front part of a GGUF file: magic, version, metadata, and the table of tensors. Every count and length is checked
 * against the bytes that the file has left before any memory is taken for it.
 */
import { damaged } from "../stored-file.ts"
import { type GgufTensorType, ggufTensorBytes, tensorTypeOf } from "./tensor-types.ts"
import {
  type GgufArray,
  type GgufItems,
  type GgufValue,
  type GgufValueType,
  isNumberType,
  leastBytes,
  NUMBER_ARRAYS,
  type NumberItems,
  type NumberType,
  VALUE_TYPES,
} from "./values.ts"

export const MAGIC = "GGUF"
/** What a tensor's data begins at multiples of, unless `general.alignment` says otherwise. */
export const DEFAULT_ALIGNMENT = 32
/** Arrays within arrays are read this deep; no known file has any. */
const DEEPEST_ARRAY = 4
/** The format's own limit. */
const MOST_DIMENSIONS = 4
/** A tensor's entry: a name's length, a count of dimensions, a kind and a place. */
const LEAST_TENSOR_BYTES = 8 + 4 + 4 + 8
/** A value's entry: a name's length and a kind. */
const LEAST_VALUE_BYTES = 8 + 4

/** One tensor of the table. */
export interface GgufTensor {
  readonly name: string
  readonly type: GgufTensorType
  /** Outermost first, row-major: the other way round than the file has it. */
  readonly shape: readonly number[]
  /** Places in the file's data: first byte and the one after the last. */
  readonly begin: number
  readonly end: number
}

export interface GgufHeader {
  readonly version: number
  readonly values: ReadonlyMap<string, GgufValue>
  readonly tensors: ReadonlyMap<string, GgufTensor>
  /** Where the data begins in the file. */
  readonly dataStart: number
}

/**
 * Reads a header from the first bytes of a file.
 *
 * @param prefix    the file's first bytes
 * @param fileSize  bytes of the whole file
 * @returns undefined when the header is longer than `prefix`, which is shorter than the file
 * @throws CHECKPOINT_DAMAGED when it is truncated, altered or no GGUF file
 */
export function readHeader(prefix: Uint8Array, fileSize: number, path: string): GgufHeader | undefined {
  try {
    return readWith(new Cursor(prefix, fileSize, path))
  } catch (error) {
    if (error === PAST_PREFIX) return undefined
    throw error
  }
}

function readWith(cursor: Cursor): GgufHeader {
  const { path, fileSize } = cursor
  const version = readVersion(cursor)
  const tensorCount = cursor.count(LEAST_TENSOR_BYTES, "tensors")
  const valueCount = cursor.count(LEAST_VALUE_BYTES, "metadata values")
  const values = new Map<string, GgufValue>()
  for (let index = 0; index < valueCount; index++) {
    const key = cursor.text(`name of value ${index}`)
    if (values.has(key)) throw damaged(path, "each metadata key once", `${JSON.stringify(key)} again`)
    values.set(key, readValue(cursor, key))
  }
  const alignment = readAlignment(values, path)
  const entries = Array.from({ length: tensorCount }, (_, index) => readEntry(cursor, index))
  const dataStart = Math.ceil(cursor.place / alignment) * alignment
  if (tensorCount > 0 && dataStart > fileSize) throw damaged(path, `data from byte ${dataStart}`, `${fileSize} bytes`)
  return { version, values, tensors: tableOf(entries, alignment, fileSize - dataStart, path), dataStart }
}

function readVersion(cursor: Cursor): number {
  const { path } = cursor
  const magic = String.fromCharCode(...cursor.bytes(4, "the word GGUF"))
  if (magic !== MAGIC) throw damaged(path, "a GGUF file, which begins with the word GGUF", JSON.stringify(magic))
  const version = cursor.uint32("version")
  if (version === 2 || version === 3) return version
  if (version % 0x10000 === 0 && version > 0)
    throw damaged(path, "numbers with the lowest byte first", "a file of a big-endian machine", "convert it again")
  throw damaged(path, "version 2 or 3 of the format", `${version}`, "convert it with a program of this decade")
}

function readAlignment(values: ReadonlyMap<string, GgufValue>, path: string): number {
  const value = values.get("general.alignment")
  if (value === undefined) return DEFAULT_ALIGNMENT
  const alignment = value.type === "uint32" ? value.value : 0
  if (alignment >= 8 && alignment <= 2 ** 20 && Number.isInteger(Math.log2(alignment))) return alignment
  throw damaged(`${path}: general.alignment`, "a power of two from 8 to 1048576, as uint32", `${value.value}`)
}

function readValue(cursor: Cursor, key: string): GgufValue {
  const type = readType(cursor, key)
  if (type === "array") return readArray(cursor, key, 1)
  if (type === "string") return { type, value: cursor.text(key) }
  if (type === "bool") return { type, value: cursor.bool(key) }
  const [value] = cursor.numbers(type, 1, key)
  return { type, value } as GgufValue
}

function readType(cursor: Cursor, key: string): GgufValueType {
  const number = cursor.uint32(key)
  const type = VALUE_TYPES[number]
  if (type === undefined)
    throw damaged(`${cursor.path}: ${shown(key)}`, `a kind from 0 to ${VALUE_TYPES.length - 1}`, `${number}`)
  return type
}

function readArray(cursor: Cursor, key: string, depth: number): GgufArray {
  if (depth > DEEPEST_ARRAY)
    throw damaged(`${cursor.path}: ${shown(key)}`, `arrays at most ${DEEPEST_ARRAY} deep`, "deeper ones")
  const items = readType(cursor, key)
  const count = cursor.count(leastBytes(items), `items of ${shown(key)}`)
  return { type: "array", items, value: readItems(cursor, items, count, key, depth) }
}

function readItems(cursor: Cursor, items: GgufValueType, count: number, key: string, depth: number): GgufItems {
  if (isNumberType(items)) return cursor.numbers(items, count, key)
  if (items === "string") return Array.from({ length: count }, () => cursor.text(key))
  if (items === "bool") return Array.from({ length: count }, () => cursor.bool(key))
  return Array.from({ length: count }, () => readArray(cursor, key, depth + 1))
}

/** A tensor's entry as the file has it. */
interface Entry {
  readonly name: string
  readonly type: GgufTensorType
  readonly shape: readonly number[]
  readonly begin: bigint
}

function readEntry(cursor: Cursor, index: number): Entry {
  const name = cursor.text(`name of tensor ${index}`)
  const where = `${cursor.path}: ${shown(name)}`
  const dimensions = cursor.uint32(name)
  if (dimensions > MOST_DIMENSIONS) throw damaged(where, `at most ${MOST_DIMENSIONS} dimensions`, `${dimensions}`)
  const sizes = [...cursor.uint64s(dimensions, name)]
  const elements = sizes.reduce((product, size) => product * size, 1n)
  if (elements > BigInt(Number.MAX_SAFE_INTEGER))
    throw damaged(where, "a shape of fewer than 2⁵³ numbers", `[${sizes.join(", ")}]`)
  const number = cursor.uint32(name)
  const type = tensorTypeOf(number)
  if (type === undefined) throw damaged(where, "a kind of numbers that is known here", `kind ${number}`)
  const [begin] = cursor.uint64s(1, name)
  // A size beside a zero may be beyond what a number holds; such a tensor is empty all the same.
  const shape = sizes.map((size) => (elements === 0n && size > 0n ? 1 : Number(size))).reverse()
  return { name, type, shape, begin }
}

/** The tensors must lie within the data, at aligned places, and not upon one another. */
function tableOf(
  entries: readonly Entry[],
  alignment: number,
  dataBytes: number,
  path: string,
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>()
  for (const { name, type, shape, begin } of entries) {
    const where = `${path}: ${shown(name)}`
    if (tensors.has(name)) throw damaged(path, "each tensor once", `${shown(name)} again`)
    const bytes = ggufTensorBytes(type, shape)
    if (bytes === undefined)
      throw damaged(where, `rows of whole blocks, as ${type} keeps them`, `rows of ${shape.at(-1)}`)
    if (begin % BigInt(alignment)) throw damaged(where, `a place that is a multiple of ${alignment}`, `${begin}`)
    if (begin > BigInt(dataBytes) || Number(begin) + bytes > dataBytes)
      throw damaged(where, `${bytes} bytes from ${begin}`, `data of ${Math.max(0, dataBytes)} bytes`)
    tensors.set(name, { name, type, shape, begin: Number(begin), end: Number(begin) + bytes })
  }
  let filled = 0
  for (const { name, begin, end } of [...tensors.values()].sort((left, right) => left.begin - right.begin)) {
    if (begin < filled && end > begin)
      throw damaged(`${path}: ${shown(name)}`, "a place of its own", `one that overlaps another's (byte ${begin})`)
    filled = Math.max(filled, end)
  }
  return tensors
}

/** Thrown when a header goes on beyond the bytes at hand, though not beyond the file. */
const PAST_PREFIX = Symbol("past the prefix")

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Reads along the bytes of a header. */
class Cursor {
  readonly path: string
  readonly fileSize: number
  place = 0
  private readonly prefix: Uint8Array
  private readonly view: DataView

  constructor(prefix: Uint8Array, fileSize: number, path: string) {
    this.prefix = prefix
    this.view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength)
    this.fileSize = fileSize
    this.path = path
  }

  /** A view of the next bytes. */
  bytes(length: number, what: string): Uint8Array {
    const end = this.place + length
    if (end > this.fileSize)
      throw damaged(`${this.path}: ${shown(what)}`, `${length} bytes from ${this.place}`, `a file of ${this.fileSize}`)
    if (end > this.prefix.length) throw PAST_PREFIX
    const bytes = this.prefix.subarray(this.place, end)
    this.place = end
    return bytes
  }
  uint32(what: string): number {
    this.bytes(4, what)
    return this.view.getUint32(this.place - 4, true)
  }
  bool(what: string): boolean {
    const [value] = this.bytes(1, what)
    if (value > 1) throw damaged(`${this.path}: ${shown(what)}`, "0 or 1 for a truth value", `${value}`)
    return value === 1
  }
  /** How many of something follow, each of at least some bytes. */
  count(bytesOfOne: number, what: string): number {
    this.bytes(8, what)
    const count = this.view.getBigUint64(this.place - 8, true)
    const most = Math.floor((this.fileSize - this.place) / bytesOfOne)
    if (count > BigInt(most))
      throw damaged(`${this.path}: ${what}`, `at most ${most}, which would fill the file`, `${count}`)
    return Number(count)
  }
  text(what: string): string {
    const length = this.count(1, `bytes of ${shown(what)}`)
    const bytes = this.bytes(length, what)
    try {
      return utf8.decode(bytes)
    } catch {
      throw damaged(`${this.path}: ${shown(what)}`, "text in UTF-8", "other bytes")
    }
  }
  uint64s(count: number, what: string): BigUint64Array {
    return new BigUint64Array(this.copied(8 * count, what))
  }
  numbers(type: NumberType, count: number, what: string): NumberItems {
    const Kind = NUMBER_ARRAYS[type]
    return new Kind(this.copied(count * Kind.BYTES_PER_ELEMENT, what))
  }
  /** Numbers in the file lie at places of any kind, and the prefix is not kept. */
  private copied(length: number, what: string): ArrayBuffer {
    return this.bytes(length, what).slice().buffer as ArrayBuffer
  }
}

function shown(name: string): string {
  return name.length > 80 ? `${name.slice(0, 77)}...` : name
}
