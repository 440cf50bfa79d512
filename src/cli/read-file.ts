/** Files that a flag names, read whole or from their beginning. */
import { open } from "node:fs/promises"
import { GlossaError } from "../errors.ts"

/**
 * The bytes of a file.
 *
 * @param wanted what the file should be, for the error: `a text file`
 * @param most   bytes after which reading stops
 * @throws FILE_UNREADABLE when it is missing or may not be read
 */
export async function readFileBytes(path: string, wanted: string, most = Number.POSITIVE_INFINITY): Promise<Buffer> {
  try {
    await using file = await open(path)
    if (most === Number.POSITIVE_INFINITY) return await file.readFile()
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(most, size)), { position: 0 })
    return buffer.subarray(0, bytesRead)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const came = code === "ENOENT" ? "no such file" : message
    throw new GlossaError("FILE_UNREADABLE", { where: path, wanted, came, fix: "check the path", cause })
  }
}

/**
 * The text of a file.
 *
 * @throws FILE_UNREADABLE when it is missing or may not be read; TEXT_NOT_UTF8
 */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readFileBytes(path, "a text file")
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (cause) {
    const fix = "convert the file to UTF-8"
    throw new GlossaError("TEXT_NOT_UTF8", { where: path, wanted: "UTF-8 text", came: "other bytes", fix, cause })
  }
}
