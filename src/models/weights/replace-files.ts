/**
 * Writing files so that a reader sees the old ones or the new ones, never a half: every file is written beside its place
 * under a name of its own and flushed to the disk; only when all of them are there are they renamed. A full disk, a lost
 * permission or Ctrl-C before that leaves what was there.
 */
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { GlossaError } from "../../errors.ts"

export interface FileToWrite {
  /** Name inside the folder. */
  readonly name: string
  /** The whole content, or a function that writes it piece by piece. */
  readonly content: string | ((sink: ByteSink) => Promise<void>)
}

/** Takes bytes in order. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>
}

/** Ending of a file that is not complete yet; one that a killed process left is overwritten by the next save. */
const PARTIAL = ".partial"

/**
 * Replaces (or makes) these files of a folder, all or none up to the renames themselves; makes the folder if need be.
 *
 * @throws FILE_UNWRITABLE when there is no space, no permission, or the disk is read-only
 */
export async function replaceFiles(folder: string, files: readonly FileToWrite[]): Promise<void> {
  await orUnwritable(folder, () => mkdir(folder, { recursive: true }))
  const partial = ({ name }: FileToWrite): string => join(folder, name + PARTIAL)
  try {
    for (const file of files) await writeWhole(partial(file), file)
  } catch (error) {
    for (const file of files) await rm(partial(file), { force: true }).catch(() => undefined)
    throw error
  }
  for (const file of files) {
    const place = join(folder, file.name)
    await orUnwritable(place, () => rename(partial(file), place))
  }
  await flushFolder(folder)
}

async function writeWhole(path: string, { content }: FileToWrite): Promise<void> {
  const file = await orUnwritable(path, () => open(path, "w"))
  try {
    const sink: ByteSink = { write: (bytes) => writeAll(file, bytes, path) }
    if (typeof content === "string") await sink.write(Buffer.from(content, "utf8"))
    else await content(sink)
    await orUnwritable(path, () => file.sync())
  } finally {
    await orUnwritable(path, () => file.close())
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, path: string): Promise<void> {
  for (let start = 0; start < bytes.length; ) {
    const { bytesWritten } = await orUnwritable(path, () => file.write(bytes, start))
    start += bytesWritten
  }
}

/** Makes the renames last through a power cut, where the system lets folders be flushed. */
async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r")
    await handle.sync().finally(() => handle.close())
  } catch {
    // Some systems cannot open or flush a folder; the files themselves are flushed.
  }
}

const REASONS: Readonly<Record<string, readonly [came: string, fix: string]>> = {
  ENOSPC: ["a full disk", "free some space and save again"],
  EDQUOT: ["a full quota", "free some space and save again"],
  EFBIG: ["a file larger than the disk allows", "save in smaller shards"],
  EACCES: ["no permission", "choose a folder you may write to"],
  EPERM: ["no permission", "choose a folder you may write to"],
  EROFS: ["a read-only disk", "choose another folder"],
  ENOTDIR: ["a file where a folder should be", "choose another folder"],
  EEXIST: ["a file where a folder should be", "choose another folder"],
  EISDIR: ["a folder where a file should be", "move it away"],
}

async function orUnwritable<T>(where: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const [came, fix] = REASONS[code ?? ""] ?? [message, undefined]
    throw new GlossaError("FILE_UNWRITABLE", {
      where: where.endsWith(PARTIAL) ? where.slice(0, -PARTIAL.length) : where,
      wanted: "to write it; what was there before is kept",
      came,
      ...(fix ? { fix } : {}),
      cause,
    })
  }
}
