/**
 * Sorted runs of counted pieces on disk, for tables larger than memory. A record is: UTF-16 units (uint32), count
 * (float64), the units themselves, all little-endian. Pieces ascend by UTF-16 units within a run, each once.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs"
import { GlossaError } from "../../../../errors.ts"
import { reason } from "../../save.ts"

/** A piece and how often it was met. */
export type CountedPiece = readonly [text: string, count: number]

const HEAD_BYTES = 12
const BUFFER_BYTES = 1 << 18
/** Runs that are read side by side; more are first merged in groups. */
const WIDEST_MERGE = 32

/**
 * Writes pieces, which must ascend, as a run.
 *
 * @throws FILE_UNWRITABLE when there is no room or no permission
 */
export function writeRun(path: string, pieces: Iterable<CountedPiece>): void {
  try {
    const file = openSync(path, "wx")
    try {
      let buffer = Buffer.alloc(BUFFER_BYTES)
      let used = 0
      const flush = () => {
        for (let from = 0; from < used; ) from += writeSync(file, buffer, from, used - from)
        used = 0
      }
      for (const [text, count] of pieces) {
        const bytes = HEAD_BYTES + 2 * text.length
        if (used + bytes > buffer.length) flush()
        if (bytes > buffer.length) buffer = Buffer.alloc(bytes)
        buffer.writeUInt32LE(text.length, used)
        buffer.writeDoubleLE(count, used + 4)
        buffer.write(text, used + HEAD_BYTES, "utf16le")
        used += bytes
      }
      flush()
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw new GlossaError("FILE_UNWRITABLE", {
      where: path,
      wanted: "to put counted pieces that do not fit into memory on disk",
      came: reason(cause),
      fix: "make room, name another temporary folder, or allow more memory",
      cause,
    })
  }
}

/** The pieces of a run, read as they are asked for. */
export function* readRun(path: string): Generator<CountedPiece> {
  const file = openSync(path, "r")
  try {
    let buffer = Buffer.alloc(BUFFER_BYTES)
    let from = 0
    let until = 0
    /** Makes `bytes` available at `from`; false at the end of the file. */
    const has = (bytes: number): boolean => {
      if (until - from >= bytes) return true
      const kept = buffer.subarray(from, until)
      const next = bytes > buffer.length ? Buffer.alloc(bytes) : buffer
      next.set(kept)
      buffer = next
      until -= from
      from = 0
      while (until < bytes) {
        const read = readSync(file, buffer, until, buffer.length - until, null)
        if (read === 0) return false
        until += read
      }
      return true
    }
    while (has(HEAD_BYTES)) {
      const units = buffer.readUInt32LE(from)
      const count = buffer.readDoubleLE(from + 4)
      has(HEAD_BYTES + 2 * units)
      const start = from + HEAD_BYTES
      yield [buffer.toString("utf16le", start, start + 2 * units), count]
      from = start + 2 * units
    }
  } finally {
    closeSync(file)
  }
}

/** All runs as one: pieces ascend, counts of equal pieces are added. */
export function* mergeRuns(paths: readonly string[]): Generator<CountedPiece> {
  const runs = paths.map(readRun)
  try {
    const heads = runs.map((run) => run.next())
    for (;;) {
      let least: string | undefined
      for (const head of heads) if (!head.done && (least === undefined || head.value[0] < least)) least = head.value[0]
      if (least === undefined) return
      let sum = 0
      for (const [index, head] of heads.entries()) {
        if (head.done || head.value[0] !== least) continue
        sum += head.value[1]
        heads[index] = runs[index].next()
      }
      yield [least, sum]
    }
  } finally {
    for (const run of runs) run.return(undefined)
  }
}

/** Merges groups of runs into longer ones, named after `prefix`, until few enough are left to be read side by side. */
export function condenseRuns(paths: readonly string[], prefix: string): readonly string[] {
  let runs = paths
  for (let round = 0; runs.length > WIDEST_MERGE; round++) {
    const longer: string[] = []
    for (let from = 0; from < runs.length; from += WIDEST_MERGE) {
      const group = runs.slice(from, from + WIDEST_MERGE)
      const path = `${prefix}-${round}-${longer.length}`
      writeRun(path, mergeRuns(group))
      for (const merged of group) rmSync(merged)
      longer.push(path)
    }
    runs = longer
  }
  return runs
}
