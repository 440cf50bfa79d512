/**
 * Checkpoints that are whole or not there. A save is written beside its final name, forced to the disk, described by a
 * manifest written last, and renamed; only then is an older one dropped.
 */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { GlossaError } from "../../errors.ts"

/** Form of `manifest.json`. */
export const MANIFEST_VERSION = 1
export const MANIFEST_FILE = "manifest.json"

/** Files up to this size are copied, larger ones hard-linked where the disk can: a person edits only small ones. */
const COPIED_BYTES = 1 << 20

export interface Manifest {
  readonly formatVersion: number
  readonly step: number
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>
}

export interface TrainingCheckpoint {
  readonly step: number
  readonly folder: string
}

/** The checkpoints of one run, in `checkpoints/step-N/` of its folder. */
export class Checkpoints {
  readonly runFolder: string
  readonly folder: string
  private readonly keep: number

  /** @param keep how many complete checkpoints stay; at least 1 */
  constructor(runFolder: string, { keep = 2 }: { keep?: number } = {}) {
    this.runFolder = runFolder
    this.folder = join(runFolder, "checkpoints")
    this.keep = Math.max(1, keep)
  }

  /**
   * Saves what `write` puts into the folder it is given, and makes it what the run folder shows.
   *
   * @throws FILE_UNWRITABLE when the disk is full or refuses; the checkpoints before stay as they were
   */
  async save(step: number, write: (folder: string) => Promise<void>): Promise<TrainingCheckpoint> {
    const folder = join(this.folder, `step-${step}`)
    const partial = `${folder}.partial`
    try {
      await rm(partial, { recursive: true, force: true })
      await mkdir(partial, { recursive: true })
      await write(partial)
      await sealFolder(partial, step)
      // A damaged one of the same step may be in the way.
      await rm(folder, { recursive: true, force: true })
      await rename(partial, folder)
      await forceToDisk(this.folder)
      await this.publish({ step, folder })
    } catch (cause) {
      await rm(partial, { recursive: true, force: true }).catch(() => {})
      throw unwritable(cause, folder)
    }
    await this.dropOldest()
    return { step, folder }
  }

  /**
   * The newest checkpoint whose files are what its manifest says; undefined when none was ever saved.
   *
   * @param onDamage  told about each damaged one that is passed over
   * @throws CHECKPOINT_DAMAGED when there are checkpoints and all of them are damaged
   */
  async newest(onDamage: (error: GlossaError) => void = () => {}): Promise<TrainingCheckpoint | undefined> {
    const all = await this.list()
    let last: GlossaError | undefined
    for (const checkpoint of all) {
      last = await verifyCheckpoint(checkpoint.folder)
      if (!last) return checkpoint
      onDamage(last)
    }
    if (last) throw last
    return undefined
  }

  /** Complete checkpoints (renamed; not verified), newest first. */
  async list(): Promise<TrainingCheckpoint[]> {
    const names = await readdir(this.folder).catch(() => [])
    return names
      .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
      .map((step) => ({ step: Number(step), folder: join(this.folder, `step-${step}`) }))
      .sort((left, right) => right.step - left.step)
  }

  /** Removes every checkpoint, and the run folder's own files that came from one. */
  async clear(): Promise<void> {
    const manifestPath = join(this.runFolder, MANIFEST_FILE)
    const names = Object.keys((await readManifest(manifestPath))?.files ?? {})
    try {
      await rm(manifestPath, { force: true })
      for (const name of names) await rm(join(this.runFolder, basename(name)), { force: true })
      await rm(this.folder, { recursive: true, force: true })
    } catch (cause) {
      throw unwritable(cause, this.runFolder)
    }
  }

  /**
   * Makes the run folder's own files those of a checkpoint, each by a rename, so that it is a whole model folder at
   * any moment. The manifest goes first and comes back last.
   */
  async publish({ folder }: TrainingCheckpoint): Promise<void> {
    const names = (await readdir(folder)).filter((name) => name !== MANIFEST_FILE)
    await rm(join(this.runFolder, MANIFEST_FILE), { force: true })
    for (const name of [...names, MANIFEST_FILE]) {
      const fresh = join(this.runFolder, `.${name}.new`)
      try {
        await rm(fresh, { force: true })
        await shareFile(join(folder, name), fresh)
        await rename(fresh, join(this.runFolder, name))
      } catch (cause) {
        await rm(fresh, { force: true }).catch(() => {})
        throw unwritable(cause, join(this.runFolder, name))
      }
    }
    await forceToDisk(this.runFolder)
  }

  private async dropOldest(): Promise<void> {
    for (const { folder } of (await this.list()).slice(this.keep)) await rm(folder, { recursive: true, force: true })
    const names = await readdir(this.folder)
    for (const name of names.filter((name) => name.endsWith(".partial")))
      await rm(join(this.folder, name), { recursive: true, force: true })
  }
}

/** What is wrong with a checkpoint's folder; undefined when every file is what the manifest says. */
export async function verifyCheckpoint(folder: string): Promise<GlossaError | undefined> {
  const fault = (wanted: string, came: string): GlossaError =>
    new GlossaError("CHECKPOINT_DAMAGED", { where: folder, wanted, came })
  const manifest = await readManifest(join(folder, MANIFEST_FILE))
  if (!manifest) return fault(`a readable ${MANIFEST_FILE}`, "none")
  if (manifest.formatVersion !== MANIFEST_VERSION)
    return fault(`${MANIFEST_FILE} of format ${MANIFEST_VERSION}`, `format ${manifest.formatVersion}`)
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const file = join(folder, name)
    const size = await stat(file).then(
      (found) => found.size,
      () => undefined,
    )
    if (size === undefined) return fault(`the file ${name}`, "no such file")
    if (size !== bytes) return fault(`${name} of ${bytes} bytes`, `${size} bytes`)
    if ((await hashFile(file, size)) !== sha256)
      return fault(`${name} as it was saved`, "altered bytes (checksum differs)")
  }
  return undefined
}

/** The manifest at `path`; undefined where there is none that can be read. */
async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(path, "utf8"))
    return isManifest(manifest) ? manifest : undefined
  } catch {
    return undefined
  }
}

/** Whether it says of files beside it how long they are and what their checksum is. */
function isManifest(value: unknown): value is Manifest {
  const files = (value as Manifest | null)?.files
  return typeof files === "object" && files !== null && Object.entries(files).every(isListedFile)
}

function isListedFile([name, entry]: [string, unknown]): boolean {
  const { bytes, sha256 } = (entry ?? {}) as { bytes?: unknown; sha256?: unknown }
  const isBeside = !/[/\\\0]/.test(name) && name !== "." && name !== ".."
  return isBeside && Number.isSafeInteger(bytes) && typeof sha256 === "string"
}

/** Forces a folder's files to the disk, then writes their sizes and checksums as its manifest. */
async function sealFolder(folder: string, step: number): Promise<void> {
  const files: Record<string, { bytes: number; sha256: string }> = {}
  for (const name of (await readdir(folder)).sort()) {
    const file = join(folder, name)
    await forceToDisk(file)
    const bytes = (await stat(file)).size
    files[name] = { bytes, sha256: await hashFile(file, bytes) }
  }
  const manifest: Manifest = { formatVersion: MANIFEST_VERSION, step, files }
  await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`)
  await forceToDisk(join(folder, MANIFEST_FILE))
  await forceToDisk(folder)
}

/** The checksum of a file of `bytes` bytes; small files are not read into a large buffer. */
async function hashFile(file: string, bytes: number): Promise<string> {
  const hash = createHash("sha256")
  const highWaterMark = Math.min(Math.max(bytes, 1), 1 << 20)
  for await (const chunk of createReadStream(file, { highWaterMark })) hash.update(chunk)
  return hash.digest("hex")
}

/** Waits until a file or a folder's list of names is on the disk itself. */
async function forceToDisk(path: string): Promise<void> {
  const isFolder = (await stat(path)).isDirectory()
  // Some systems (Windows) do not open folders; their renames are ordered by the file system.
  const handle = await open(path, isFolder ? "r" : "r+").catch((error) => {
    if (isFolder) return undefined
    throw error
  })
  try {
    await handle?.sync().catch((error) => {
      if (!isFolder) throw error
    })
  } finally {
    await handle?.close()
  }
}

async function shareFile(from: string, to: string): Promise<void> {
  if ((await stat(from)).size > COPIED_BYTES) {
    const linked = await link(from, to).then(
      () => true,
      () => false,
    )
    if (linked) return
  }
  await copyFile(from, to)
  await forceToDisk(to)
}

/** A failed write as the error that names the file; errors of ours stay as they are. */
export function unwritable(cause: unknown, path: string): GlossaError {
  if (cause instanceof GlossaError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    ENOSPC: "a full disk",
    EDQUOT: "a full disk quota",
    EACCES: "no permission",
    EPERM: "no permission",
    EROFS: "a read-only disk",
  }
  const fix = code === "ENOSPC" || code === "EDQUOT" ? "free some space; the last good checkpoint is intact" : undefined
  return new GlossaError("FILE_UNWRITABLE", {
    where: path,
    wanted: "to write there",
    came: reasons[code ?? ""] ?? message ?? String(cause),
    ...(fix ? { fix } : {}),
    cause,
  })
}
