/** A GGUF file that is open: its metadata in memory, the bytes of its tensors read when they are asked for. */
import { type FileHandle, open, stat } from "node:fs/promises"
import { GlossaError } from "../errors.ts"
import { damaged } from "./damaged.ts"
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
  private readonly file: FileHandle
  private readonly dataStart: number

  private constructor(path: string, file: FileHandle, header: GgufHeader) {
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
    const file = await openForReading(path)
    try {
      return new GgufFile(path, file, await headerOf(file, path))
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
    const bytesRead = await readInto(this.file, target, this.dataStart + place, this.path)
    if (bytesRead < target.length)
      throw damaged(`${this.path}: ${name}`, `${target.length} bytes`, `a file that ends after ${bytesRead} of them`)
  }
}

/** Whether a path names a GGUF file rather than a folder, by its ending or by how the file begins. */
export async function isGgufPath(path: string): Promise<boolean> {
  if (path.endsWith(".gguf")) return !(await isFolder(path))
  const file = await open(path, "r").catch(() => undefined)
  try {
    if (!file || !(await file.stat()).isFile()) return false
    const begin = new Uint8Array(MAGIC.length)
    await readInto(file, begin, 0, path)
    return Buffer.from(begin).toString("latin1") === MAGIC
  } finally {
    await file?.close()
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function headerOf(file: FileHandle, path: string): Promise<GgufHeader> {
  const { size } = await file.stat()
  for (let length = FIRST_PREFIX; ; length *= 4) {
    const prefix = new Uint8Array(Math.min(length, size))
    await readInto(file, prefix, 0, path)
    const header = readHeader(prefix, size, path)
    if (header) return header
    if (length >= LONGEST_HEADER) throw damaged(path, `a header of at most ${LONGEST_HEADER} bytes`, "a longer one")
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, "r")
    if ((await file.stat()).isFile()) return file
    await file.close()
    throw Object.assign(new Error("it is no file"), { code: "EISDIR" })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const reasons: Record<string, string> = { ENOENT: "no such file", EACCES: "no permission", EISDIR: "no file" }
    const came = reasons[code ?? ""] ?? message
    throw new GlossaError("FILE_UNREADABLE", { where: path, wanted: "a GGUF file", came, cause })
  }
}

/** Reads until `target` is full or the file ends; how many bytes there were. */
async function readInto(file: FileHandle, target: Uint8Array, place: number, path: string): Promise<number> {
  let filled = 0
  try {
    while (filled < target.length) {
      const { bytesRead } = await file.read(target, filled, target.length - filled, place + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled
  } catch (cause) {
    const came = (cause as Error).message
    throw new GlossaError("FILE_UNREADABLE", { where: path, wanted: "to read it", came, cause })
  }
}
