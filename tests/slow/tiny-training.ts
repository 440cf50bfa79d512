/** One short training by the real command, watched from outside: what the tests of lost machines break and mend. */
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { readMetrics, type StepMetrics } from "../../src/training/loop/metrics-file.ts"
import { freshBuild } from "../end-to-end/fresh-build.ts"
import type { Finished } from "../end-to-end/glossa.ts"

const ROOT = fileURLToPath(new URL("../../", import.meta.url))

/** Steps of the whole run. */
export const STEPS = 60
/** Steps from one save to the next. */
export const SAVE_EVERY = 3

const SETTINGS = [
  `training.steps=${STEPS}`,
  `training.checkpointEvery.steps=${SAVE_EVERY}`,
  "training.evaluateEvery.steps=20",
]

/** A training that runs in a process of its own. */
export class TinyTraining {
  readonly folder: string
  readonly ended: Promise<Finished>
  private readonly child: ChildProcess
  private isOver = false

  private constructor(folder: string, child: ChildProcess) {
    this.folder = folder
    this.child = child
    this.ended = this.finish()
  }

  /** Starts or resumes the run in `folder`. */
  static async start(folder: string, { resume = false }: { resume?: boolean } = {}): Promise<TinyTraining> {
    await freshBuild()
    const settings = SETTINGS.flatMap((setting) => ["--set", setting])
    const words = ["pretrain", "recipes/tiny.yaml", "--out", folder, ...settings, ...(resume ? ["--resume"] : [])]
    const child = spawn(process.execPath, ["bin/glossa.js", ...words], { cwd: ROOT })
    return new TinyTraining(folder, child)
  }

  private async finish(): Promise<Finished> {
    const said = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"] as const)
      this.child[name]?.on("data", (part: Buffer) => {
        said[name] += part.toString("utf8")
      })
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      this.child.on("error", reject)
      this.child.on("close", resolve)
    })
    this.isOver = true
    return { exitCode, ...said }
  }

  /** Looks about a thousand times a second; false when the run ended before `happened` was true. */
  async until(happened: () => boolean): Promise<boolean> {
    while (!this.isOver) {
      if (happened()) return true
      await wait(1)
    }
    return false
  }

  /** False when the process had already ended. */
  signal(name: NodeJS.Signals): boolean {
    return !this.isOver && this.child.exitCode === null && this.child.kill(name)
  }
}

/** Runs or resumes to the end. */
export async function trainToEnd(folder: string, options: { resume?: boolean } = {}): Promise<Finished> {
  return (await TinyTraining.start(folder, options)).ended
}

/** Steps that the metrics file tells of; lines half-written count. */
export function stepsSeen(folder: string): number {
  const path = join(folder, "metrics.jsonl")
  if (!existsSync(path)) return 0
  return readFileSync(path, "utf8").split('"event":"step"').length - 1
}

/** Names in the folder of checkpoints. */
export function checkpointNames(folder: string): string[] {
  const path = join(folder, "checkpoints")
  return existsSync(path) ? readdirSync(path) : []
}

/** Step of the newest complete checkpoint. */
export function newestStep(folder: string): number {
  const steps = checkpointNames(folder).flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
  return Math.max(0, ...steps.map(Number))
}

/** What must be the same bits however often a run was broken: everything but what clocks say. */
export function endOf(folder: string) {
  const {
    seconds: _,
    trainingSeconds: __,
    metricsBytes: ___,
    ...progress
  } = JSON.parse(readFileSync(join(folder, "trainer_state.json"), "utf8"))
  const metrics = readMetrics(join(folder, "metrics.jsonl")).map((line) => {
    const { seconds: _, training_seconds: __, tokens_per_s: ___, ...kept } = line as StepMetrics
    return kept
  })
  return {
    weights: readFileSync(join(folder, "model.safetensors")),
    moments: readFileSync(join(folder, "training_state.safetensors")),
    metrics,
    progress,
  }
}
