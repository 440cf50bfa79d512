/** What is told about each run of a program: debug tables and profiles. */

export interface RunTimes {
  /** Milliseconds on the clock of `performance.now()`. */
  readonly startedAt: number
  /** Of each instruction, in order; they run one after another. */
  readonly nanoseconds: Float64Array
}

export interface RunWatcher {
  add(run: RunTimes): void
  /** Called when the program is disposed. */
  close(): void
}
