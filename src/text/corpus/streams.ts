/**
 * Streams: the text of sources stretch by stretch, for corpora larger than memory. What a tokenizer is trained on, where
 * it matters only which words occur, not where a document begins.
 */
import { open, stat } from "node:fs/promises"
import type { ReadCorpusOptions } from "./sources.ts"
import { decodeText, fileUnreadable, isJsonLines, locate, textOfLine } from "./sources.ts"

/** Text that is read as it is asked for. */
export interface CorpusStream {
  /** Bytes of all files. */
  readonly bytes: number
  /** The stretches of all files in order, each with the bytes it was read from. */
  stretches(): AsyncGenerator<CorpusStretch>
}

export interface CorpusStretch {
  /** With `\n` line ends. */
  readonly text: string
  readonly bytes: number
}

export interface StreamCorpusOptions extends ReadCorpusOptions {
  /** Bytes of a stretch, at most; but a line of a JSONL file is never cut. Default 1 MiB. */
  readonly stretchBytes?: number
}

/**
 * Finds sources as `readCorpus` does and reads them in stretches. A stretch ends after a line end that no white space
 * follows, else between any two characters; of a JSONL file, each line is a stretch.
 *
 * @throws as `readCorpus`, while files are found or while they are read
 */
export async function streamCorpus(
  sources: readonly string[],
  options: StreamCorpusOptions = {},
): Promise<CorpusStream> {
  const { folder = process.cwd(), environment = process.env, field = "text", stretchBytes = 1 << 20 } = options
  const located = await Promise.all(sources.map((source) => locate(source, folder, environment)))
  const files = located.flatMap((source) => source.files)
  let bytes = 0
  for (const { path, name } of files) bytes += (await stat(path).catch(unreadable(name))).size
  return {
    bytes,
    async *stretches() {
      for (const { path, name } of files) {
        if (isJsonLines(name)) yield* linesOf(path, name, stretchBytes, field)
        else {
          for await (const { content, offset } of contentOf(path, name, stretchBytes, lastCut)) {
            const text = decodeText(content, name, offset).replace(/\r\n?/g, "\n")
            yield { text, bytes: content.length }
          }
        }
      }
    },
  }
}

async function* linesOf(
  path: string,
  name: string,
  stretchBytes: number,
  field: string,
): AsyncGenerator<CorpusStretch> {
  let lineNumber = 0
  const afterLastLine = (bytes: Uint8Array) => bytes.lastIndexOf(LINE_END) + 1
  for await (const { content, offset } of contentOf(path, name, stretchBytes, afterLastLine)) {
    const lines = decodeText(content, name, offset).split("\n")
    if (lines.at(-1) === "") lines.pop()
    for (const line of lines) {
      lineNumber += 1
      if (line.trim() === "") continue
      const text = textOfLine(line, `${name}:${lineNumber}`, field).replace(/\r\n?/g, "\n")
      yield { text, bytes: Buffer.byteLength(line) + 1 }
    }
  }
}

interface Content {
  readonly content: Uint8Array
  /** Where in the file it begins. */
  readonly offset: number
}

/** A file's bytes in stretches that end where `cut` says; where it finds no place (0), more is read before it is asked again. */
async function* contentOf(
  path: string,
  name: string,
  stretchBytes: number,
  cut: (bytes: Uint8Array) => number,
): AsyncGenerator<Content> {
  const file = await open(path).catch(unreadable(name))
  try {
    let buffer = Buffer.alloc(stretchBytes)
    let used = 0
    let offset = 0
    for (;;) {
      if (used === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(buffer.length)])
      const { bytesRead } = await file.read(buffer, used, buffer.length - used).catch(unreadable(name))
      used += bytesRead
      if (bytesRead > 0 && used < buffer.length) continue
      const end = bytesRead === 0 ? used : cut(buffer.subarray(0, used))
      if (end > 0) yield { content: buffer.subarray(0, end), offset }
      buffer.copyWithin(0, end, used)
      used -= end
      offset += end
      if (bytesRead === 0) return
    }
  } finally {
    await file.close()
  }
}

const LINE_END = 0x0a
const CARRIAGE_RETURN = 0x0d
const WHITE_SPACE = [LINE_END, CARRIAGE_RETURN, 0x20, 0x09]

/** After the last line end that no white space follows; else before the last character, which may be half there, as a line end may. */
function lastCut(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at > bytes.length / 2; at--) {
    if (bytes[at - 1] === LINE_END && !WHITE_SPACE.includes(bytes[at])) return at
  }
  let at = bytes.length - 1
  while (at > bytes.length - 4 && (bytes[at] & 0xc0) === 0x80) at -= 1
  return bytes[at - 1] === CARRIAGE_RETURN ? at - 1 : at
}

function unreadable(name: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    throw fileUnreadable(name, cause)
  }
}
