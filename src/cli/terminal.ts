/** Where a command's words go: results to standard output, everything else to standard error. */
import { isatty, type WriteStream } from "node:tty"

/** The streams of a command and what a person at them can do. */
export interface Terminal {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly notices: NodeJS.WriteStream
  /** Whether a person watches the notices: bars that redraw themselves, colour. */
  readonly isWatched: boolean
  /** Aborts at the first Ctrl-C of a command that asked for it. */
  onInterrupt(notice: string): Interruption
}

export interface Interruption {
  readonly signal: AbortSignal
  /** Gives Ctrl-C its usual meaning back. */
  release(): void
}

/** Exit code of a command that Ctrl-C stopped. */
export const INTERRUPTED = 130

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process
  // A reader that has seen enough (head, less) closes the pipe; that is no error.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
    process.exit(0)
  })
  stderr.on("error", () => {})
  return { input: stdin, output: stdout, notices: stderr, isWatched: isWatched(stderr), onInterrupt }
}

function isWatched(stream: NodeJS.WriteStream): boolean {
  return isatty((stream as WriteStream & { fd: number }).fd) && process.env["TERM"] !== "dumb"
}

/** The first Ctrl-C asks; the second stops at once. */
function onInterrupt(notice: string): Interruption {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    process.stderr.write(`\n${notice}\n`)
    controller.abort()
  }
  process.on("SIGINT", stop)
  process.on("SIGTERM", stop)
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", stop)
      process.off("SIGTERM", stop)
    },
  }
}

/** Writes one line of JSON. Numbers are written so that they read back to the same float. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.output.write(`${JSON.stringify(value)}\n`)
}
/** A line of the result. */
export function printLine(terminal: Terminal, line = ""): void {
  terminal.output.write(`${line}\n`)
}
/** A line beside the result. */
export function notice(terminal: Terminal, line: string): void {
  terminal.notices.write(`${line}\n`)
}

/** Everything on standard input, byte for byte. */
export async function readAll({ input }: Terminal): Promise<Uint8Array> {
  const parts: Buffer[] = []
  for await (const part of input) parts.push(typeof part === "string" ? Buffer.from(part) : part)
  return Buffer.concat(parts)
}
