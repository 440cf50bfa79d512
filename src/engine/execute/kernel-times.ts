/** GLOSSA_DEBUG=times: what each kernel took over all runs of a program, printed when it is disposed or the process ends. */
import type { Instruction } from "../plan/index.ts"
import type { RunTimes, RunWatcher } from "./run-watcher.ts"

const SHOWN = 25

export class KernelTimes implements RunWatcher {
  private readonly name: string
  private readonly instructions: readonly Instruction[]
  private readonly nanoseconds: Float64Array
  private runs = 0
  private readonly onExit = (): void => this.close()

  constructor(name: string, instructions: readonly Instruction[]) {
    this.name = name
    this.instructions = instructions
    this.nanoseconds = new Float64Array(instructions.length)
    process.once("exit", this.onExit)
  }

  add({ nanoseconds }: RunTimes): void {
    this.runs++
    for (let index = 0; index < nanoseconds.length; index++) this.nanoseconds[index] += nanoseconds[index]
  }

  /** Prints a table by kernel, then the slowest instructions with their module paths. */
  close(): void {
    process.removeListener("exit", this.onExit)
    if (this.runs === 0) return
    const total = this.nanoseconds.reduce((sum, value) => sum + value, 0)
    const byKernel = new Map<string, { nanoseconds: number; operations: number; count: number }>()
    this.instructions.forEach(({ kernel, operations }, index) => {
      const row = byKernel.get(kernel) ?? { nanoseconds: 0, operations: 0, count: 0 }
      row.nanoseconds += this.nanoseconds[index]
      row.operations += operations
      row.count++
      byKernel.set(kernel, row)
    })
    const perRun = (nanoseconds: number): string => (nanoseconds / this.runs / 1e6).toFixed(3).padStart(9)
    const share = (nanoseconds: number): string => `${((100 * nanoseconds) / total).toFixed(1)} %`.padStart(7)
    const lines = [`times of ${this.name}: ${this.runs} runs, ${perRun(total).trim()} ms each`]
    for (const [kernel, row] of [...byKernel].sort(([, a], [, b]) => b.nanoseconds - a.nanoseconds)) {
      const rate = (row.operations * this.runs) / row.nanoseconds
      lines.push(
        `${perRun(row.nanoseconds)} ms ${share(row.nanoseconds)} ${rate.toFixed(1).padStart(7)} GFLOP/s  ${kernel} × ${row.count}`,
      )
    }
    const slowest = [...this.nanoseconds.keys()].sort((a, b) => this.nanoseconds[b] - this.nanoseconds[a])
    for (const index of slowest.slice(0, SHOWN)) {
      const { kernel, origin, operations } = this.instructions[index]
      const rate = (operations * this.runs) / this.nanoseconds[index]
      lines.push(`${perRun(this.nanoseconds[index])} ms ${rate.toFixed(1).padStart(7)} GFLOP/s  ${kernel}: ${origin}`)
    }
    process.stderr.write(`${lines.join("\n")}\n`)
    this.runs = 0
  }
}
