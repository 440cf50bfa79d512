/** A training run on the terminal: rate, time left, loss with a small curve, held-out bits per byte, samples. */
import type { EvaluationMetrics, PretrainHooks, StepMetrics } from "../training/index.ts"
import { Progress } from "./progress.ts"
import { notice, type Terminal } from "./terminal.ts"
import { duration, grouped, onOneLine, sparkline } from "./wording.ts"

export interface TrainingEnd {
  /** Steps of the run; not a bound where the time is. */
  readonly steps: number
  /** Wall seconds after which the run ends. */
  readonly seconds?: number
  /** Whether the time and not the steps ends the run. */
  readonly byTime: boolean
}

/** Steps whose rates the shown one is the mean of. */
const RATE_STEPS = 20

/** Shows a run as its hooks tell of it. */
export class TrainingProgress {
  private readonly progress: Progress
  private readonly terminal: Terminal
  private readonly end: TrainingEnd
  private readonly losses: number[] = []
  private readonly rates: number[] = []
  private bitsPerByte: number | undefined

  constructor(terminal: Terminal, end: TrainingEnd) {
    this.terminal = terminal
    this.end = end
    this.progress = new Progress(terminal, "pretrain")
  }

  /** Hooks for `pretrain`, without samples. */
  get hooks(): Pick<PretrainHooks, "onStep" | "onEvaluate" | "onNotice"> {
    return {
      onStep: (metrics) => this.onStep(metrics),
      onEvaluate: (metrics) => this.onEvaluate(metrics),
      onNotice: (line) => this.say(line),
    }
  }

  sample(seconds: number, prompt: string, text: string): void {
    this.say(`${duration(seconds).padStart(11)}  ${onOneLine(prompt, 60)} ›${onOneLine(` ${text}`, 120)}`)
  }
  say(line: string): void {
    if (this.terminal.isWatched) this.progress.say(line)
    else notice(this.terminal, line)
  }
  close(): void {
    this.progress.clear()
  }

  private onStep({ step, loss_nats_per_token: loss, tokens_per_s: rate, seconds }: StepMetrics): void {
    if (loss !== null) this.losses.push(loss)
    this.rates.push(rate)
    if (this.rates.length > RATE_STEPS) this.rates.shift()
    const { steps, byTime } = this.end
    const total = byTime ? (this.end.seconds ?? seconds) : steps
    const done = byTime ? Math.min(seconds, total) : step
    const left = byTime ? total - done : (seconds / Math.max(1, step)) * (steps - step)
    const mean = this.rates.reduce((sum, value) => sum + value, 0) / this.rates.length
    const held = this.bitsPerByte === undefined ? "" : `, held-out ${this.bitsPerByte.toFixed(3)} bits/byte`
    const note =
      `step ${grouped(step)}, ${grouped(mean)} tokens/s, ${duration(Math.max(0, left))} left, ` +
      `loss ${loss?.toFixed(3) ?? "not finite"} ${sparkline(this.losses)}${held}`
    this.progress.show({ done, total, note })
  }

  private onEvaluate({ bits_per_byte: bits }: EvaluationMetrics): void {
    this.bitsPerByte = bits
  }
}
