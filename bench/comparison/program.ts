/** Programs as data, and running one: what it printed and what was measured about it from outside. */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..")

/** What runs it: our command line, a TypeScript or JavaScript file, or a Python one. */
export type Interpreter = "glossa" | "typescript" | "node" | "python"

export interface Command {
  readonly interpreter: Interpreter
  readonly words: readonly string[]
}

/** The last JSON line of a program, with what is measured about each beside it. */
export interface Reading extends Readonly<Record<string, unknown>> {
  /** From the start of the process to its end. */
  readonly process_seconds: number
  /** From the start of the process to its first line of output. */
  readonly first_line_seconds: number
  /** Most memory it held: what it printed itself, else what the system tells while it runs; absent where it tells nothing. */
  readonly peak_resident_bytes?: number
}

/** A program that ended badly or printed nothing that is understood. */
export class ProgramFailure extends Error {}

/** A program that takes longer hangs. */
const LONGEST_MS = 30 * 60_000
const LOOK_EVERY_MS = 100

export function command(interpreter: Interpreter, ...words: readonly (string | number)[]): Command {
  return { interpreter, words: words.map(String) }
}

/** `{ steps: 8, json: true }` as `--steps 8 --json`. */
export function flags(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    return value === true ? [flag] : value === false ? [] : [flag, String(value)]
  })
}

/** The words that the system starts. */
export function argumentsOf({ interpreter, words }: Command, python: string): [program: string, words: string[]] {
  if (interpreter === "python") return [python, [...words]]
  const leading = { glossa: [join("bin", "glossa.js")], typescript: ["--import", "tsx"], node: [] }[interpreter]
  return [process.execPath, [...leading, ...words]]
}

/** A command or a message as it may stand in a file that others read: without the folders of this machine. */
export function withoutFolders(text: string, dataFolder: string | undefined): string {
  const places = [[root, "."] as const, ...(dataFolder ? [[resolve(dataFolder), "$GLOSSA_DATA"] as const] : [])]
  return places.reduce((shown, [folder, name]) => shown.replaceAll(folder, name), text)
}

/** What a person would type. */
export function shownCommand({ interpreter, words }: Command, dataFolder: string | undefined): string {
  const leading = { glossa: "glossa", typescript: "tsx", node: "node", python: "python3" }[interpreter]
  return withoutFolders([leading, ...words].join(" "), dataFolder)
}

/**
 * Runs a program to its end, in the project's folder.
 *
 * @throws ProgramFailure when it does not end well or does not print a line of JSON
 */
export async function runProgram(command: Command, python = "python3"): Promise<Reading> {
  const [program, words] = argumentsOf(command, python)
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  const child = spawn(program, words, { cwd: root, stdio: ["ignore", "pipe", "pipe"], timeout: LONGEST_MS })
  let output = ""
  let notices = ""
  let firstLine: number | undefined
  let peak: number | undefined
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text
    if (text.includes("\n")) firstLine ??= seconds()
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    notices = (notices + text).slice(-4000)
  })
  const watch = setInterval(() => {
    peak = peakResidentBytes(child.pid) ?? peak
  }, LOOK_EVERY_MS)
  const status = await new Promise<string>((resolve) => {
    child.once("error", ({ message }) => resolve(message))
    child.once("close", (code, signal) => resolve(code === 0 ? "" : `ended with ${signal ?? `exit code ${code}`}`))
  })
  const measured = { process_seconds: seconds(), first_line_seconds: firstLine ?? seconds() }
  clearInterval(watch)
  if (status) throw new ProgramFailure([complaint(notices), status].filter(Boolean).join("; "))
  return { ...measured, ...(peak === undefined ? {} : { peak_resident_bytes: peak }), ...lastJson(output) }
}

/** The last line that holds a JSON object. */
export function lastJson(output: string): Record<string, unknown> {
  const line = output
    .split("\n")
    .filter((each) => each.startsWith("{"))
    .at(-1)
  if (line === undefined) throw new ProgramFailure("printed no line of JSON")
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    throw new ProgramFailure(`printed a line that is no JSON: ${line.slice(0, 100)}`)
  }
}

/** The line that says what went wrong: the last one that names an error, else the last one. */
function complaint(notices: string): string {
  const lines = notices
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
  return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "").slice(0, 300)
}

/** The high-water mark of a process's memory, where the system has a file that tells it (Linux). */
function peakResidentBytes(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}
