/** One target in a thread of its own: makes inputs, reads them, and tells of every one that does what none may do. */
import { mkdirSync } from "node:fs"
import { parentPort, workerData } from "node:worker_threads"
import { GlossaError } from "../../src/errors.ts"
import { makeInput, TARGETS, type Target } from "./targets.ts"

export interface Assignment {
  readonly target: string
  readonly seed: number
  /** First input and the one after the last. */
  readonly from: number
  readonly to: number
  /** A folder in memory for what is read as files. */
  readonly folder: string
  /** Place 0: the input being read. */
  readonly progress: Int32Array
}

export interface Finding {
  readonly input: number
  readonly what: string
}

/** What came of all inputs. */
export interface Outcome {
  readonly accepted: number
  readonly refused: number
  readonly findings: readonly Finding[]
}

const assignment = workerData as Assignment
const target = TARGETS.find(({ name }) => name === assignment.target)
if (!target) throw new Error(`no target ${assignment.target}`)
mkdirSync(assignment.folder, { recursive: true })

let accepted = 0
let refused = 0
const findings: Finding[] = []
const seen = new Set<string>()
// Warnings of libraries about odd inputs are not what is looked for.
process.removeAllListeners("warning")

// Most inputs end in an error. Noting down where each was made takes time that only findings are worth.
const { stackTraceLimit } = Error
Error.stackTraceLimit = 0

for (let input = assignment.from; input < assignment.to; input++) {
  Atomics.store(assignment.progress, 0, input)
  const bytes = makeInput(target, assignment.seed, input)
  const error = await errorOf(target, bytes)
  if (error === undefined) accepted++
  else if (error instanceof GlossaError && error.kind !== "internal") {
    refused++
    if (error.message.includes("\n") || error.message.length > 2500)
      note(input, `an error text of ${error.message.length} characters: ${error.message.slice(0, 200)}`)
  } else {
    Error.stackTraceLimit = stackTraceLimit
    const again = (await errorOf(target, bytes)) ?? error
    Error.stackTraceLimit = 0
    note(input, again instanceof Error ? (again.stack ?? again.message) : String(again))
  }
}
parentPort?.postMessage({ accepted, refused, findings } satisfies Outcome)

/** What reading an input throws; undefined where it is accepted. */
async function errorOf(source: Target, bytes: Uint8Array): Promise<unknown> {
  try {
    await source.read(bytes, assignment.folder)
    return undefined
  } catch (error) {
    return error ?? new Error(`${error} was thrown`)
  }
}

/** Keeps one finding of each kind: same words at the same place in the code. */
function note(input: number, what: string): void {
  const [text, ...stack] = what.split("\n")
  const place = stack.find((line) => line.includes("/src/")) ?? stack[0] ?? ""
  const kind = `${text.replace(/[\d"'].*/, "")} ${place}`
  if (seen.has(kind) || findings.length >= 20) return
  seen.add(kind)
  findings.push({ input, what: [text.slice(0, 300), ...stack.slice(0, 4)].join("\n") })
}
