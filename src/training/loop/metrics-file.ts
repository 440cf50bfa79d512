/** `metrics.jsonl`: one JSON object a line, appended as training goes, cut back to a checkpoint on resume. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs"
import { unwritable } from "./checkpoints.ts"

/** A measured step, as its line says it. Names are the file's. */
export interface StepMetrics {
  readonly event: "step"
  /** Steps done, this one included. */
  readonly step: number
  /** Tokens read since the run began. */
  readonly tokens: number
  /** Mean over the step's counted targets, before its change; null when not finite. */
  readonly loss_nats_per_token: number | null
  readonly loss_bits_per_token: number | null
  /** Norm of all gradients together, before clipping; null when not finite. */
  readonly gradient_norm: number | null
  readonly learning_rate: number
  /** Of this step alone. */
  readonly tokens_per_s: number
  /** Since the run began, all included, over every part of a resumed run. */
  readonly seconds: number
  /** Of which in steps. */
  readonly training_seconds: number
  /** Present when the gradient was not finite and the step was left out. */
  readonly skipped?: true
}

/** A measured held-out loss, as its line says it. */
export interface EvaluationMetrics {
  readonly event: "evaluation"
  readonly step: number
  readonly tokens: number
  readonly heldout_nats_per_token: number
  /** Bits that the model would take to code one byte of the held-out text. */
  readonly bits_per_byte: number
  readonly seconds: number
  readonly training_seconds: number
}

export type Metrics = StepMetrics | EvaluationMetrics

/** An open metrics file. */
export class MetricsFile {
  readonly path: string
  private readonly handle: number
  private length: number

  /**
   * Opens the file, cut to its first `bytes` bytes, and appends from there.
   *
   * @throws FILE_UNWRITABLE
   */
  constructor(path: string, bytes: number) {
    this.path = path
    try {
      this.handle = openSync(path, "a")
      this.length = Math.min(bytes, fstatSync(this.handle).size)
      ftruncateSync(this.handle, this.length)
    } catch (cause) {
      throw unwritable(cause, path)
    }
  }

  /** Bytes written so far: what a checkpoint remembers. */
  get bytes(): number {
    return this.length
  }

  append(metrics: Metrics): void {
    const line = Buffer.from(`${JSON.stringify(metrics)}\n`)
    try {
      for (let written = 0; written < line.length; ) written += writeSync(this.handle, line, written)
    } catch (cause) {
      throw unwritable(cause, this.path)
    }
    this.length += line.length
  }

  /** Waits until every line is on the disk. */
  forceToDisk(): void {
    try {
      fsyncSync(this.handle)
    } catch (cause) {
      throw unwritable(cause, this.path)
    }
  }

  close(): void {
    closeSync(this.handle)
  }
}

/** The lines of a metrics file. */
export function readMetrics(path: string): Metrics[] {
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean)
  return lines.map((line) => JSON.parse(line))
}
