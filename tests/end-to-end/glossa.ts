/** Runs the command in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { freshBuild } from "./fresh-build.ts"

const COMMAND = fileURLToPath(new URL("../../bin/glossa.js", import.meta.url))

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Bytes of standard input. */
  readonly input?: Uint8Array
  readonly environment?: Readonly<Record<string, string>>
  /** Told of standard error as it grows; may signal the process. */
  readonly onNotice?: (text: string, child: ChildProcess) => void
}

/** Runs `glossa` with these words and waits for its end. */
export async function glossa(words: readonly string[], options: RunOptions = {}): Promise<Finished> {
  await freshBuild()
  const child = spawn(process.execPath, [COMMAND, ...words], {
    env: { ...process.env, ...options.environment },
  })
  const output: Buffer[] = []
  let stderr = ""
  child.stdout.on("data", (part: Buffer) => output.push(part))
  child.stderr.on("data", (part: Buffer) => {
    stderr += part.toString("utf8")
    options.onNotice?.(stderr, child)
  })
  child.stdin.on("error", () => {})
  child.stdin.end(options.input)
  return new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (exitCode) => resolve({ exitCode, stdout: Buffer.concat(output).toString("utf8"), stderr }))
  })
}
