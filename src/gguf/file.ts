/** A GGUF file that is open: its metadata in memory, the bytes of its tensors read when they are asked for. */
import { stat } from "node:fs/promises"
import { damaged, StoredFile } from "../stored-file.ts"
import { type GgufHeader, type GgufTensor, MAGIC, readHeader } from "./header.ts"
import { GgufMetadata } from "./metadata.ts"

export type { GgufTensor } from "./header.ts"

/** Bytes that are read first; most headers with a vocabulary are longer, and are read again in a longer piece. */
const FIRST_PREFIX = 1 << 20
/** The longest header that is read; a vocabulary of a million tokens stays well below. */
const LONGEST_HEADER = 512 << 20
/** Tensors are read this many bytes at a time. */
const CHUNK_BYTES = 4 << 20

export class GgufFile {
  readonly path: string
  readonly metadata: GgufMetadata
  /** By name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, GgufTensor>
  private readonly file: StoredFile
  private readonly dataStart: number

  private constructor(path: string, file: StoredFile, header: GgufHeader) {
    this.path = path
    this.file = file
    this.metadata = new GgufMetadata(header.values, path)
    this.tensors = header.tensors
    this.dataStart = header.dataStart
  }

  /**
   * Opens a file of version 2 or 3 and checks its header.
   *
   * @throws FILE_UNREADABLE when it is missing or may not be read
   * @throws CHECKPOINT_DAMAGED when it is truncated, altered or no GGUF file
   */
  static async open(path: string): Promise<GgufFile> {
    const file = await StoredFile.open(path, "a GGUF file")
    try {
      return new GgufFile(path, file, await headerOf(file))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** The entry of a tensor. @throws CHECKPOINT_DAMAGED when the file has no tensor of this name */
  tensor(name: string): GgufTensor {
    const tensor = this.tensors.get(name)
    if (!tensor) throw damaged(this.path, `a tensor ${name}`, "none of that name")
    return tensor
  }

  /** The bytes of a tensor, as its kind keeps them: rows one after another. */
  async read(name: string): Promise<Uint8Array> {
    const { begin, end } = this.tensor(name)
    const bytes = new Uint8Array(end - begin)
    for (let place = 0; place < bytes.length; place += CHUNK_BYTES)
      await this.fill(bytes.subarray(place, place + CHUNK_BYTES), begin + place, name)
    return bytes
  }

  async close(): Promise<void> {
    await this.file.close()
  }

  private async fill(target: Uint8Array, place: number, name: string): Promise<void> {
    const bytesRead = await this.file.read(target, this.dataStart + place)
    if (bytesRead < target.length)
      throw damaged(`${this.path}: ${name}`, `${target.length} bytes`, `a file that ends after ${bytesRead} of them`)
  }
}

/** Whether a path names a GGUF file rather than a folder, by its ending or by how the file begins. */
export async function isGgufPath(path: string): Promise<boolean> {
  if (path.endsWith(".gguf")) return !(await isFolder(path))
  const file = await StoredFile.open(path, "a GGUF file").catch(() => undefined)
  if (!file) return false
  try {
    const begin = new Uint8Array(MAGIC.length)
    await file.read(begin, 0)
    return Buffer.from(begin).toString("latin1") === MAGIC
  } finally {
    await file.close()
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function headerOf(file: StoredFile): Promise<GgufHeader> {
  const { path, size } = file
  for (let length = FIRST_PREFIX; ; length *= 4) {
    const prefix = new Uint8Array(Math.min(length, size))
    await file.read(prefix, 0)
    const header = readHeader(prefix, size, path)
    if (header) return header
    if (length >= LONGEST_HEADER) throw damaged(path, `a header of at most ${LONGEST_HEADER} bytes`, "a longer one")
  }
}
