/**
 * The one step loop: batch, step, metrics, and at their times evaluation, samples and checkpoints. A method supplies the
 * trainer and the batches; the loop knows no text and no screen.
 */
import { GlossaError } from "../../errors.ts"
import type { Schedule } from "../optim/index.ts"
import type { BatchSource, TrainingBatch } from "./batch.ts"
import type { Checkpoints, TrainingCheckpoint } from "./checkpoints.ts"
import { type Interval, IntervalClock } from "./interval.ts"
import { type EvaluationMetrics, MetricsFile, type StepMetrics } from "./metrics-file.ts"
import { type Progress, readProgress, restoreOptimizer, writeProgress } from "./progress.ts"
import type { StepResult, Trainer } from "./trainer.ts"

/** Steps in a row with a gradient that is not finite after which a run is given up. */
const MOST_SKIPPED_STEPS = 10

/** Held-out text as batches, always the same ones in the same order. */
export interface HeldOut {
  batches(): Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>
  /** Bytes of the text that the counted targets spell. */
  readonly bytes: number
}

/** Where a run is kept. */
export interface RunFiles {
  readonly checkpoints: Checkpoints
  /** `metrics.jsonl` of the run folder. */
  readonly metricsPath: string
  /** Writes the model folder's files (weights, config, tokenizer) into a folder. */
  saveModel(folder: string): Promise<void>
  /** Kept in every checkpoint, for whoever resumes. */
  readonly settings: unknown
  /** The checkpoint that the trainer's model was loaded from, to go on from it. */
  readonly resumed?: TrainingCheckpoint
}

/** Told as things happen; a promise returned is waited for. */
export interface TrainHooks {
  onStep?(metrics: StepMetrics): void | Promise<void>
  onEvaluate?(metrics: EvaluationMetrics): void | Promise<void>
  /** Time for a sample: the parameters are those after `step` steps. */
  onSample?(at: { readonly step: number; readonly seconds: number }): void | Promise<void>
  onCheckpoint?(checkpoint: TrainingCheckpoint): void
  /** A line for the user about something unexpected that was dealt with. */
  onNotice?(line: string): void
}

export interface TrainOptions {
  readonly trainer: Trainer
  readonly batches: BatchSource
  readonly schedule: Schedule
  /** Steps of the whole run, those before a resume among them. */
  readonly steps: number
  /** Ends the run after this wall time, counted over all its parts. */
  readonly maximumSeconds?: number
  /**
   * What moves the schedule: steps done (the default), or the part of `maximumSeconds` that has gone, so that the rate
   * reaches its floor as time runs out; then `steps` is the schedule's length and not the run's, and rates differ from
   * one run to the next.
   */
  readonly pace?: "steps" | "time"
  readonly heldOut?: HeldOut
  /** At the beginning, at each interval, and at the end. */
  readonly evaluateEvery?: Interval
  /** At the beginning and at each interval. */
  readonly sampleEvery?: Interval
  /** At each interval, and at the end. */
  readonly checkpointEvery?: Interval
  /** Without it, nothing is kept. */
  readonly files?: RunFiles
  /** Ctrl-C: the step under way is finished and saved; an evaluation under way is dropped, and done on resume. */
  readonly signal?: AbortSignal
  readonly hooks?: TrainHooks
  /** Milliseconds of any clock that only goes forward. */
  readonly now?: () => number
}

export interface TrainResult {
  /** `steps`: all done; `time`: maximumSeconds gone; `aborted`: by the signal, and saved where it stood. */
  readonly ended: "steps" | "time" | "aborted"
  readonly progress: Readonly<Progress>
  readonly lastStep?: StepMetrics
  readonly lastEvaluation?: EvaluationMetrics
  /** The last checkpoint saved or resumed from. */
  readonly checkpoint?: TrainingCheckpoint
}

/**
 * Trains until the steps or the time are over, or the signal says stop.
 *
 * @throws TRAINING_DIVERGED when gradients stay infinite or NaN; FILE_UNWRITABLE when a save fails; the last good
 *   checkpoint stays
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const run = new Run(options)
  try {
    return await run.train()
  } finally {
    run.close()
  }
}

class Run {
  private readonly options: TrainOptions
  private readonly hooks: TrainHooks
  private readonly now: () => number
  private readonly progress: Progress = {
    step: 0,
    updates: 0,
    tokens: 0,
    seconds: 0,
    trainingSeconds: 0,
    evaluatedStep: null,
  }
  private readonly evaluations: IntervalClock
  private readonly samples: IntervalClock
  private readonly saves: IntervalClock
  private metrics: MetricsFile | undefined
  private started = 0
  private secondsBefore = 0
  private skippedInARow = 0
  private lastStep: StepMetrics | undefined
  private lastEvaluation: EvaluationMetrics | undefined
  private checkpoint: TrainingCheckpoint | undefined

  constructor(options: TrainOptions) {
    this.options = options
    this.hooks = options.hooks ?? {}
    this.now = options.now ?? (() => performance.now())
    this.evaluations = new IntervalClock(options.heldOut ? options.evaluateEvery : undefined)
    this.samples = new IntervalClock(options.sampleEvery)
    this.saves = new IntervalClock(options.files ? options.checkpointEvery : undefined)
  }

  async train(): Promise<TrainResult> {
    const { files } = this.options
    if (files?.resumed) await this.resume(files.resumed)
    else if (files) this.metrics = new MetricsFile(files.metricsPath, 0)
    this.started = this.now()
    this.saves.mark(this.progress.step, this.seconds)
    let ended = this.ending()
    if (!ended) await this.evaluateAndSample()
    while (!(ended ??= this.ending())) {
      await this.step()
      // Stopping is looked at before anything else that takes long; what is left undone is done on resume.
      if ((ended = this.ending())) break
      await this.evaluateAndSample()
      // Parameters that give no finite gradient are not worth the place of a good checkpoint.
      if (this.skippedInARow === 0 && this.saves.isDue(this.progress.step, this.seconds)) await this.save()
    }
    const unevaluated = this.progress.evaluatedStep !== this.progress.step
    if (ended !== "aborted" && this.options.heldOut && unevaluated) await this.evaluate()
    if (files && this.checkpoint?.step !== this.progress.step) await this.save()
    return {
      ended,
      progress: { ...this.progress, seconds: this.seconds },
      ...(this.lastStep ? { lastStep: this.lastStep } : {}),
      ...(this.lastEvaluation ? { lastEvaluation: this.lastEvaluation } : {}),
      ...(this.checkpoint ? { checkpoint: this.checkpoint } : {}),
    }
  }

  close(): void {
    this.metrics?.close()
  }

  /** Wall seconds of the run, over all its parts. */
  private get seconds(): number {
    return this.secondsBefore + (this.now() - this.started) / 1000
  }

  private ending(): TrainResult["ended"] | undefined {
    const { signal, steps, maximumSeconds = Number.POSITIVE_INFINITY, pace } = this.options
    if (signal?.aborted) return "aborted"
    if (pace !== "time" && this.progress.step >= steps) return "steps"
    return this.seconds >= maximumSeconds ? "time" : undefined
  }

  private learningRate(): number {
    const { schedule, steps, maximumSeconds, pace } = this.options
    if (pace === "time" && maximumSeconds) return schedule(steps * Math.min(1, this.seconds / maximumSeconds))
    return schedule(this.progress.step)
  }

  private async step(): Promise<void> {
    const { trainer, batches } = this.options
    const batch = await batches.next()
    const learningRate = this.learningRate()
    const start = this.now()
    const result = await trainer.step(batch, learningRate)
    const stepSeconds = (this.now() - start) / 1000
    this.progress.step++
    this.progress.updates = trainer.updates
    this.progress.tokens += batch.tokens.length
    this.progress.trainingSeconds += stepSeconds
    this.lastStep = {
      event: "step",
      step: this.progress.step,
      tokens: this.progress.tokens,
      loss_nats_per_token: finiteOrNull(result.loss),
      loss_bits_per_token: finiteOrNull(result.loss / Math.LN2),
      gradient_norm: finiteOrNull(result.gradientNorm),
      learning_rate: learningRate,
      tokens_per_s: stepSeconds > 0 ? batch.tokens.length / stepSeconds : 0,
      seconds: this.seconds,
      training_seconds: this.progress.trainingSeconds,
      ...(result.applied ? {} : { skipped: true as const }),
    }
    this.metrics?.append(this.lastStep)
    await this.hooks.onStep?.(this.lastStep)
    this.watchSkipped(result)
  }

  private watchSkipped({ applied, loss }: StepResult): void {
    this.skippedInARow = applied ? 0 : this.skippedInARow + 1
    if (applied) return
    this.hooks.onNotice?.(`step ${this.progress.step} was left out: its gradient is not finite (loss ${loss})`)
    if (this.skippedInARow < MOST_SKIPPED_STEPS) return
    throw new GlossaError("TRAINING_DIVERGED", {
      where: `step ${this.progress.step}`,
      wanted: "finite gradients",
      came: `${MOST_SKIPPED_STEPS} steps in a row without`,
      fix: "lower the learning rate or lengthen the warm-up, and begin from an earlier checkpoint",
    })
  }

  private async evaluateAndSample(): Promise<void> {
    const { step, evaluatedStep } = this.progress
    if (this.evaluations.isDue(step, this.seconds) && evaluatedStep !== step) await this.evaluate()
    if (this.options.signal?.aborted) return
    if (this.samples.isDue(step, this.seconds)) await this.hooks.onSample?.({ step, seconds: this.seconds })
  }

  private async evaluate(): Promise<void> {
    const { trainer, heldOut, signal } = this.options
    if (!heldOut) return
    const { nats, countedTargets } = await trainer.evaluate(untilAborted(heldOut.batches(), signal))
    // A part of the text would not be comparable; a resumed run measures again.
    if (signal?.aborted) return
    this.progress.evaluatedStep = this.progress.step
    this.lastEvaluation = {
      event: "evaluation",
      step: this.progress.step,
      tokens: this.progress.tokens,
      heldout_nats_per_token: nats / countedTargets,
      bits_per_byte: nats / Math.LN2 / heldOut.bytes,
      seconds: this.seconds,
      training_seconds: this.progress.trainingSeconds,
    }
    this.metrics?.append(this.lastEvaluation)
    await this.hooks.onEvaluate?.(this.lastEvaluation)
  }

  private async save(): Promise<void> {
    const { files, trainer, batches } = this.options
    if (!files || !this.metrics) return
    this.metrics.forceToDisk()
    const progress = {
      ...this.progress,
      seconds: this.seconds,
      sourcePosition: batches.position(),
      precision: trainer.resolvedPrecision,
      metricsBytes: this.metrics.bytes,
      settings: files.settings,
    }
    this.checkpoint = await files.checkpoints.save(progress.step, async (folder) => {
      await files.saveModel(folder)
      await writeProgress(folder, progress, trainer.optimizer.states)
    })
    this.saves.mark(this.progress.step, this.seconds)
    this.hooks.onCheckpoint?.(this.checkpoint)
  }

  private async resume(checkpoint: TrainingCheckpoint): Promise<void> {
    const { files, trainer, batches } = this.options
    if (!files) return
    const { step, updates, tokens, seconds, trainingSeconds, evaluatedStep, ...saved } = await readProgress(
      checkpoint.folder,
    )
    if (saved.precision !== trainer.resolvedPrecision)
      this.hooks.onNotice?.(
        `the run so far was in ${saved.precision}, this machine goes on in ${trainer.resolvedPrecision}: ` +
          "the result will differ a little from that of an unbroken run",
      )
    await restoreOptimizer(checkpoint.folder, trainer.optimizer.states)
    await batches.seek(saved.sourcePosition)
    await files.checkpoints.publish(checkpoint)
    Object.assign(this.progress, { step, updates, tokens, seconds, trainingSeconds, evaluatedStep })
    trainer.updates = updates
    this.secondsBefore = seconds
    this.checkpoint = checkpoint
    this.metrics = new MetricsFile(files.metricsPath, saved.metricsBytes)
    this.samples.mark(step, seconds)
    if (evaluatedStep !== null) this.evaluations.mark(evaluatedStep, seconds)
  }
}

async function* untilAborted<T>(items: Iterable<T> | AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  for await (const item of items) {
    if (signal?.aborted) return
    yield item
  }
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
