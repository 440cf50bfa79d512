/** How far a stage is: a bar that redraws itself where a person watches, a plain line now and then elsewhere. */
import { SingleBar } from "cli-progress"
import type { Terminal } from "./terminal.ts"
import { duration } from "./wording.ts"

export interface ProgressState {
  readonly done: number
  readonly total: number
  /** What to show beside the bar: loss, rate. */
  readonly note?: string
}

/** Seconds between plain lines. */
const PLAIN_EVERY = 10
/** Milliseconds between redraws. */
const REDRAW_EVERY = 100
const BAR_FORMAT = "{stage} {bar} {percentage}%  {note}"

/** Shows one stage. Ends when disposed. */
export class Progress {
  private readonly terminal: Terminal
  private readonly stage: string
  private readonly now: () => number
  private bar: SingleBar | undefined
  private readonly started: number
  private lastShown: number

  constructor(terminal: Terminal, stage: string, now: () => number = () => performance.now()) {
    this.terminal = terminal
    this.stage = stage
    this.now = now
    this.started = now()
    this.lastShown = this.started
  }

  show({ done, total, note = "" }: ProgressState): void {
    const time = this.now()
    if (!this.terminal.isWatched) {
      if (time - this.lastShown < PLAIN_EVERY * 1000) return
      this.lastShown = time
      const percent = Math.floor((100 * done) / Math.max(1, total))
      this.terminal.notices.write(`${this.stage}: ${percent} %${note ? `  ${note}` : ""}\n`)
      return
    }
    if (this.bar && time - this.lastShown < REDRAW_EVERY) return
    this.lastShown = time
    if (!this.bar) {
      this.bar = new SingleBar({
        stream: this.terminal.notices,
        format: BAR_FORMAT,
        barsize: 24,
        barCompleteChar: "━",
        barIncompleteChar: "┈",
        clearOnComplete: true,
        hideCursor: true,
        gracefulExit: false,
      })
      this.bar.start(total, done, { stage: this.stage, note })
    }
    this.bar.setTotal(total)
    this.bar.update(done, { note })
  }

  /** A line above the bar; plain where there is none. */
  say(line: string): void {
    this.clear()
    this.terminal.notices.write(`${line}\n`)
  }

  /** Removes the bar; the next `show` draws it anew. */
  clear(): void {
    this.bar?.stop()
    this.bar = undefined
  }

  /** Removes the bar and says how long the stage took. */
  end(summary?: string): number {
    this.clear()
    const seconds = (this.now() - this.started) / 1000
    if (summary) this.terminal.notices.write(`${this.stage}: ${summary} (${duration(seconds)})\n`)
    return seconds
  }

  [Symbol.dispose](): void {
    this.clear()
  }
}
