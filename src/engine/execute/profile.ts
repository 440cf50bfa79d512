/**
 * GLOSSA_PROFILE=trace.json: every instruction of every run as a trace that Chrome (chrome://tracing), Perfetto and
 * speedscope open. One row a program; the file is written when the process ends.
 *
 * Format: Trace Event Format, complete events ("ph": "X"), times in microseconds.
 */
import { writeFileSync } from "node:fs"
import type { Instruction } from "../plan/index.ts"
import type { RunTimes, RunWatcher } from "./run-watcher.ts"

/** The file that GLOSSA_PROFILE names, if it names one. */
export function profiling(): string | undefined {
  return process.env["GLOSSA_PROFILE"] || undefined
}

/** Events kept; a long run would fill the memory. */
const MOST_EVENTS = 1_000_000

interface TraceEvent {
  readonly name: string
  readonly ph: "X" | "M"
  readonly pid: number
  readonly tid: number
  readonly ts?: number
  readonly dur?: number
  readonly args: Readonly<Record<string, string | number>>
}

const events: TraceEvent[] = []
let programs = 0
let leftOut = 0

/** The runs of one program in the trace. */
export class TracedRuns implements RunWatcher {
  private readonly instructions: readonly Instruction[]
  private readonly row = ++programs

  constructor(name: string, instructions: readonly Instruction[]) {
    this.instructions = instructions
    if (this.row === 1) {
      const path = profiling() as string
      process.once("exit", () => write(path))
    }
    events.push({ name: "thread_name", ph: "M", pid: process.pid, tid: this.row, args: { name } })
  }

  add({ startedAt, nanoseconds }: RunTimes): void {
    let at = startedAt * 1000
    for (const [index, { kernel, origin, operations }] of this.instructions.entries()) {
      const duration = nanoseconds[index] / 1000
      if (events.length < MOST_EVENTS) {
        const rate = duration > 0 ? operations / duration / 1000 : 0
        const args = { origin, operations, gigaflopsPerSecond: Number(rate.toFixed(1)) }
        events.push({ name: kernel, ph: "X", pid: process.pid, tid: this.row, ts: at, dur: duration, args })
      } else leftOut++
      at += duration
    }
  }

  close(): void {}
}

function write(path: string): void {
  try {
    writeFileSync(path, JSON.stringify({ displayTimeUnit: "ns", traceEvents: events }))
    const rest = leftOut ? `; ${leftOut} later ones were left out` : ""
    process.stderr.write(`profile: ${events.length} events in ${path}${rest}\n`)
  } catch (error) {
    process.stderr.write(`profile: ${path} cannot be written: ${(error as Error).message}\n`)
  }
}
