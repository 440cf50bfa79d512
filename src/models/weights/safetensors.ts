/**
 * Safetensors files in: a length, a JSON table of names, kinds, shapes and places, then the numbers. Every claim of the
 * table is checked against the file before any memory is taken for it, so a damaged or hostile file costs one clear line.
 */
import { damaged, StoredFile } from "../../stored-file.ts"
import { isReadable, STORED_BYTES, type StoredType, widen } from "./stored-numbers.ts"

/** Bytes before the JSON table: its length, a little-endian 64-bit number. */
const LENGTH_BYTES = 8
/** The longest table that the format's own library reads. */
const LONGEST_TABLE = 100_000_000
/** Numbers are read this many bytes at a time; a multiple of every kind's size. */
const CHUNK_BYTES = 4 << 20

export interface StoredTensor {
  readonly name: string
  readonly type: StoredType
  readonly shape: readonly number[]
  /** Places in the file's data: first byte and the one after the last. */
  readonly begin: number
  readonly end: number
}

export class SafetensorsFile {
  readonly path: string
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: Readonly<Record<string, string>>
  private readonly file: StoredFile
  /** Where the data begins in the file. */
  private readonly dataStart: number

  private constructor(path: string, file: StoredFile, table: Table, dataStart: number) {
    this.path = path
    this.file = file
    this.tensors = table.tensors
    this.metadata = table.metadata
    this.dataStart = dataStart
  }

  /**
   * Opens a file and checks its table.
   *
   * @throws FILE_UNREADABLE when it is missing or may not be read
   * @throws CHECKPOINT_DAMAGED when it is truncated, altered or no safetensors file
   */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await StoredFile.open(path, "a safetensors file")
    try {
      const { size } = file
      if (size < LENGTH_BYTES) throw damaged(path, "at least 8 bytes", `${size}`)
      const prefix = await readBytes(file, 0, LENGTH_BYTES, path)
      const tableBytes = Number(new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true))
      const most = Math.min(size - LENGTH_BYTES, LONGEST_TABLE)
      if (tableBytes < 2 || tableBytes > most)
        throw damaged(path, `a table of 2 to ${most} bytes, in a file of ${size}`, `one of ${tableBytes}`)
      const text = await readBytes(file, LENGTH_BYTES, tableBytes, path)
      const dataStart = LENGTH_BYTES + tableBytes
      return new SafetensorsFile(path, file, readTable(text, size - dataStart, path), dataStart)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** The entry of a tensor. @throws CHECKPOINT_DAMAGED when the file has no tensor of this name */
  tensor(name: string): StoredTensor {
    const tensor = this.tensors.get(name)
    if (!tensor) throw damaged(this.path, `a tensor ${name}`, "none of that name")
    return tensor
  }

  /**
   * The numbers of a tensor as float32, row-major. Integers beyond 2²⁴ and float64 are rounded.
   *
   * @throws CHECKPOINT_DAMAGED when the file ends early or the tensor is of a kind that needs scales from elsewhere
   */
  async read(name: string): Promise<Float32Array> {
    const { type, begin, end } = this.tensor(name)
    if (!isReadable(type))
      throw damaged(`${this.path}: ${name}`, "numbers that stand for themselves", type, "convert it to bfloat16 first")
    const width = STORED_BYTES[type]
    const result = new Float32Array((end - begin) / width)
    for await (const { place, bytes } of this.chunks(name))
      widen(type, bytes, result.subarray(place / width, (place + bytes.length) / width))
    return result
  }

  /** Whether two tensors are the same kind, shape and bits; the other may be in another file. */
  async same(name: string, other: SafetensorsFile, otherName: string): Promise<boolean> {
    const [left, right] = [this.tensor(name), other.tensor(otherName)]
    if (left.type !== right.type || left.shape.join() !== right.shape.join()) return false
    const rest = other.chunks(otherName)
    for await (const { bytes } of this.chunks(name)) {
      const next = await rest.next()
      if (next.done || Buffer.compare(bytes, next.value.bytes) !== 0) return false
    }
    return true
  }

  async close(): Promise<void> {
    await this.file.close()
  }

  /** The bytes of a tensor in order, a piece at a time. */
  private async *chunks(name: string): AsyncGenerator<{ readonly place: number; readonly bytes: Uint8Array }> {
    const { begin, end } = this.tensor(name)
    for (let place = 0; place < end - begin; place += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, end - begin - place)
      const where = `${this.path}: ${name}`
      yield { place, bytes: await readBytes(this.file, this.dataStart + begin + place, length, where) }
    }
  }
}

interface Table {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: Readonly<Record<string, string>>
}

function readTable(text: Uint8Array, dataBytes: number, path: string): Table {
  const json = parseTable(text, path)
  const tensors = new Map<string, StoredTensor>()
  const metadata: Record<string, string> = {}
  for (const [name, entry] of Object.entries(json))
    if (name === "__metadata__") Object.assign(metadata, readMetadata(entry, path))
    else tensors.set(name, readEntry(name, entry, path))
  checkPlaces([...tensors.values()], dataBytes, path)
  return { tensors, metadata }
}

function parseTable(text: Uint8Array, path: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text))
    if (isObject(json)) return json
  } catch (cause) {
    throw damaged(path, "a table of tensors in JSON", cause instanceof Error ? cause.message : String(cause))
  }
  throw damaged(path, "a table of tensors in JSON", "JSON of another form")
}

function readMetadata(entry: unknown, path: string): Record<string, string> {
  if (isObject(entry) && Object.values(entry).every((value) => typeof value === "string"))
    return entry as Record<string, string>
  throw damaged(`${path}: __metadata__`, "texts by name", JSON.stringify(entry).slice(0, 80))
}

function readEntry(name: string, entry: unknown, path: string): StoredTensor {
  const where = `${path}: ${name}`
  if (!isObject(entry)) throw damaged(where, "dtype, shape and data_offsets", "no object")
  const { dtype: type, shape, data_offsets: places } = entry
  if (typeof type !== "string" || !Object.hasOwn(STORED_BYTES, type))
    throw damaged(where, `a dtype of ${Object.keys(STORED_BYTES).join(", ")}`, shown(type))
  if (!Array.isArray(shape) || !shape.every(isCount)) throw damaged(where, "a shape of whole numbers", shown(shape))
  if (!Array.isArray(places) || places.length !== 2 || !places.every(isCount) || places[0] > places[1])
    throw damaged(where, "data_offsets of a first and a last place", shown(places))
  const [begin, end] = places as [number, number]
  const bytes = shape.reduce((product: number, size: number) => product * size, STORED_BYTES[type as StoredType])
  if (bytes !== end - begin)
    throw damaged(where, `${bytes} bytes for ${type} [${shape.join(", ")}]`, `${end - begin} by its data_offsets`)
  return { name, type: type as StoredType, shape: shape as number[], begin, end }
}

/** The tensors must fill the data exactly: no overlap, no gap, nothing after the last. */
function checkPlaces(tensors: StoredTensor[], dataBytes: number, path: string): void {
  let filled = 0
  for (const { name, begin, end } of tensors.sort((left, right) => left.begin - right.begin || left.end - right.end)) {
    const where = `${path}: ${name}`
    if (end > dataBytes) throw damaged(where, `data up to byte ${end}`, `a file that ends after ${dataBytes} of them`)
    if (begin < filled) throw damaged(where, "a place of its own", `one that overlaps another tensor's (byte ${begin})`)
    if (begin > filled) throw damaged(where, `data from byte ${filled}`, `a gap up to byte ${begin}`)
    filled = end
  }
  if (filled !== dataBytes) throw damaged(path, `${filled} bytes of numbers`, `${dataBytes}`)
}

async function readBytes(file: StoredFile, start: number, length: number, where: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const filled = await file.read(bytes, start)
  if (filled < length) throw damaged(where, `${length} bytes from ${start}`, `a file that ends after ${filled}`)
  return bytes
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80)
}
