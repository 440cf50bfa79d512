/**
 * `npm run test:fuzz`: damaged and random files into everything that reads files from elsewhere. Fails on any error that
 * is not a GlossaError, on an input that takes too long and on memory that grows without bound. Seeded: the same seed
 * gives the same inputs. `-- --target recipes --seed 7 --from 123 --count 1` reads one input again.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { Worker } from "node:worker_threads"
import { makeInput, TARGETS, type Target } from "./targets.ts"
import type { Assignment, Outcome } from "./worker.ts"

/**
 * An input of 4 KB that is still being read after so many looks hangs; generous, for the machine may be busy. Looks are
 * counted and not seconds: a machine that slept looked only once.
 */
const MOST_LOOKS = 50
const LOOK_EVERY_MS = 200
/** JavaScript memory of a thread, and memory of the whole process, beyond which it grows without bound. */
const HEAP_MEGABYTES = 512
const PROCESS_BYTES = 2 ** 31
/** The input of a thread that is still reading the program. */
const STARTING = -1
/** Threads at once: more than cores, for those that read files wait for the system half of the time. */
const THREADS = 2 * availableParallelism()
/** Inputs of a target that one thread reads; more are shared, so that none is left alone with the slowest target. */
const MOST_OF_A_THREAD = 100_000
/** The default number of inputs of each target. */
const INPUTS = 200_000

const { values: flags } = parseArgs({
  options: {
    target: { type: "string" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    count: { type: "string", default: String(INPUTS) },
  },
})
const seed = Number(flags.seed)
const from = Number(flags.from)
const to = from + Number(flags.count)
const memoryFolder = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()
const folder = mkdtempSync(join(memoryFolder, "glossa-fuzz-"))
const findingsFolder = fileURLToPath(new URL("../../build/fuzz/", import.meta.url))

/** Keeps an input and says how to read it again. */
function report(target: Target, input: number, what: string): void {
  mkdirSync(findingsFolder, { recursive: true })
  const path = join(findingsFolder, `${target.name}-${seed}-${input}`)
  writeFileSync(path, makeInput(target, seed, input))
  console.log(`fuzz: ${target.name}, seed ${seed}, input ${input} (${path}): ${what}`)
}

/** Inputs of a target: the first and the one after the last. */
interface Part {
  readonly target: Target
  readonly from: number
  readonly to: number
}

function partsOf(target: Target): Part[] {
  const parts: Part[] = []
  for (let start = from; start < to; start += MOST_OF_A_THREAD)
    parts.push({ target, from: start, to: Math.min(to, start + MOST_OF_A_THREAD) })
  return parts
}

/** Runs a part; true when nothing was found. */
function fuzz({ target, from, to }: Part): Promise<boolean> {
  const progress = new Int32Array(new SharedArrayBuffer(4)).fill(STARTING)
  const ownFolder = join(folder, `${target.name}-${from}`)
  const workerData: Assignment = { target: target.name, seed, from, to, folder: ownFolder, progress }
  const started = performance.now()
  const worker = new Worker(new URL("./start.mjs", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
  })
  return new Promise((resolve) => {
    let current = -1
    let looks = 0
    const fail = (what: string): void => {
      clearInterval(watch)
      report(target, Math.max(from, Atomics.load(progress, 0)), what)
      void worker.terminate().then(() => resolve(false))
    }
    const watch = setInterval(() => {
      const input = Atomics.load(progress, 0)
      looks = input === current && input !== STARTING ? looks + 1 : 0
      current = input
      if (looks > MOST_LOOKS) fail(`took longer than ${(MOST_LOOKS * LOOK_EVERY_MS) / 1000} s`)
      else if (process.memoryUsage.rss() > PROCESS_BYTES) fail("the process grew beyond 2 GB")
    }, LOOK_EVERY_MS)
    worker.once("error", (error) => fail(`the thread ended: ${error.message}`))
    worker.once("message", ({ accepted, refused, findings }: Outcome) => {
      clearInterval(watch)
      for (const { input, what } of findings) report(target, input, what)
      const seconds = (performance.now() - started) / 1000
      const count = (to - from).toLocaleString("en")
      console.log(
        `fuzz: ${target.name}: ${count} inputs from ${from.toLocaleString("en")} on in ${seconds.toFixed(1)} s (${Math.round((to - from) / seconds)} a second), ` +
          `${accepted} accepted, ${refused} refused, ${findings.length} kinds of findings`,
      )
      resolve(findings.length === 0)
    })
  })
}

const targets = TARGETS.filter(({ name }) => flags.target === undefined || name === flags.target)
if (targets.length === 0) console.log(`fuzz: no target ${flags.target}; there are ${TARGETS.map(({ name }) => name)}`)
const waiting = targets.flatMap(partsOf)
let clean = targets.length > 0
const started = performance.now()
const runNext = async (): Promise<void> => {
  for (let part = waiting.shift(); part; part = waiting.shift()) {
    const isClean = await fuzz(part)
    clean &&= isClean
  }
}
await Promise.all(Array.from({ length: THREADS }, runNext))
rmSync(folder, { recursive: true })
console.log(
  `fuzz: ${clean ? "nothing found" : "FAILED"}, ${((performance.now() - started) / 1000).toFixed(0)} s in all, seed ${seed}`,
)
process.exitCode = clean ? 0 : 1
