/** A file of stored numbers, open for reading at any place, and the error of one that is not what it was. */
import { type FileHandle, open } from "node:fs/promises"
import { GlossaError } from "./errors.ts"

export class StoredFile {
  readonly path: string
  /** Bytes, as the file was when it was opened. */
  readonly size: number
  private readonly handle: FileHandle

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path
    this.size = size
    this.handle = handle
  }

  /**
   * @param wanted  what the file should be, for the error
   * @throws FILE_UNREADABLE when there is no such file, it is a folder, or it may not be read
   */
  static async open(path: string, wanted: string): Promise<StoredFile> {
    try {
      const handle = await open(path, "r")
      const found = await handle.stat()
      if (found.isFile()) return new StoredFile(path, found.size, handle)
      await handle.close()
      throw Object.assign(new Error("it is no file"), { code: "EISDIR" })
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException
      const reasons: Record<string, string> = { ENOENT: "no such file", EACCES: "no permission", EISDIR: "no file" }
      const came = reasons[code ?? ""] ?? message
      throw new GlossaError("FILE_UNREADABLE", { where: path, wanted, came, cause })
    }
  }

  /** Reads from byte `place` until `target` is full or the file ends; how many bytes there were. */
  async read(target: Uint8Array, place: number): Promise<number> {
    let filled = 0
    try {
      while (filled < target.length) {
        const { bytesRead } = await this.handle.read(target, filled, target.length - filled, place + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled
    } catch (cause) {
      const came = (cause as Error).message
      throw new GlossaError("FILE_UNREADABLE", { where: this.path, wanted: "to read it", came, cause })
    }
  }

  async close(): Promise<void> {
    await this.handle.close()
  }
}

/** The error of a file that is not what it was when it was written. */
export function damaged(where: string, wanted: string, came: string, fix = "fetch or save it again"): GlossaError {
  return new GlossaError("CHECKPOINT_DAMAGED", { where, wanted, came, fix })
}
