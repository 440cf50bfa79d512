/** How often something happens: every so many steps, every so many seconds, or both. */
export interface Interval {
  readonly steps?: number
  readonly seconds?: number
}

/** Remembers when a thing last happened. */
export class IntervalClock {
  private readonly interval: Interval
  private lastStep: number | undefined
  private lastSeconds: number | undefined

  /** @param interval never, when left out */
  constructor(interval: Interval = {}) {
    this.interval = interval
  }

  /** Counts as having happened at that step and second without being due. */
  mark(step: number, seconds: number): void {
    this.lastStep = step
    this.lastSeconds = seconds
  }

  /** True when it is time; then it counts as done. The beginning (nothing marked yet) is always time. */
  isDue(step: number, seconds: number): boolean {
    const { steps = 0, seconds: pause = 0 } = this.interval
    if (steps <= 0 && pause <= 0) return false
    const byStep = steps > 0 && step % steps === 0 && step !== this.lastStep
    const bySecond = pause > 0 && (this.lastSeconds === undefined || seconds - this.lastSeconds >= pause)
    if (byStep || bySecond) this.mark(step, seconds)
    return byStep || bySecond
  }
}
