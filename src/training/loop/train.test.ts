import { mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createExecutor, type Executor } from "../../engine/index.ts"
import { CausalLanguageModel } from "../../models/index.ts"
import { warmupCosine } from "../optim/index.ts"
import { Checkpoints } from "./checkpoints.ts"
import { type Metrics, readMetrics, type StepMetrics } from "./metrics-file.ts"
import { CountingText, TINY_CONTEXT, tinyModel, tinyTrainer } from "./tiny-run.cases.ts"
import { type TrainOptions, train } from "./train.ts"

const reference = createExecutor({ kind: "reference" })
const machine = createExecutor({ kind: "auto" })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glossa-train-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const STEPS = 9
/** Two sequences a step. */
const TOKENS = 2 * TINY_CONTEXT

/** A run of 9 steps in `name`, from its newest checkpoint if it has one. */
async function run(name: string, change: Partial<TrainOptions> = {}, executor: Executor = reference) {
  const runFolder = join(folder, name)
  const checkpoints = new Checkpoints(runFolder)
  const notices: string[] = []
  const resumed = await checkpoints.newest((error) => notices.push(error.message))
  using model = resumed ? await CausalLanguageModel.load(resumed.folder, { executor }) : await tinyModel(executor)
  using trainer = tinyTrainer(model)
  if (!resumed) await checkpoints.save(0, (to) => model.save(to))
  const heldOut = { batches: () => [new CountingText(3, 9).next()], bytes: 100 }
  const result = await train({
    trainer,
    batches: new CountingText(2),
    schedule: warmupCosine({ peak: 1e-2, warmupSteps: 2, totalSteps: STEPS }),
    steps: STEPS,
    heldOut,
    evaluateEvery: { steps: 2 },
    checkpointEvery: { steps: 3 },
    files: {
      checkpoints,
      metricsPath: join(runFolder, "metrics.jsonl"),
      saveModel: (to) => model.save(to),
      settings: {},
      ...(resumed ? { resumed } : {}),
    },
    ...change,
    hooks: { onNotice: (line) => notices.push(line), ...change.hooks },
  })
  return { result, notices, runFolder }
}

/** Lines without what clocks say. */
function withoutTimes(path: string): Partial<Metrics>[] {
  return readMetrics(path).map((line) => {
    const { seconds: _, training_seconds: __, ...rest } = line
    const { tokens_per_s: ___, ...kept } = rest as Partial<StepMetrics>
    return kept as Partial<Metrics>
  })
}

/** The files of a model and its optimizer, and what else must agree. */
function ends(runFolder: string) {
  const {
    seconds: _,
    trainingSeconds: __,
    metricsBytes: ___,
    ...state
  } = JSON.parse(readFileSync(join(runFolder, "trainer_state.json"), "utf8"))
  return {
    weights: readFileSync(join(runFolder, "model.safetensors")),
    moments: readFileSync(join(runFolder, "training_state.safetensors")),
    metrics: withoutTimes(join(runFolder, "metrics.jsonl")),
    state,
  }
}

describe("train", () => {
  it("writes a line a step and a line an evaluation, whose numbers read back the same", async () => {
    const steps: StepMetrics[] = []
    const { result, runFolder } = await run("plain", { hooks: { onStep: (metrics) => void steps.push(metrics) } })
    const lines = readMetrics(join(runFolder, "metrics.jsonl"))
    expect(lines.filter(({ event }) => event === "step")).toEqual(steps)
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1))
    expect(lines.flatMap((line) => (line.event === "evaluation" ? [line.step] : []))).toEqual([0, 2, 4, 6, 8, 9])
    expect(steps[2]).toMatchObject({ tokens: 3 * TOKENS, learning_rate: 1e-2 })
    expect(steps[2].loss_bits_per_token).toBeCloseTo((steps[2].loss_nats_per_token as number) / Math.LN2, 12)
    expect(steps.at(-1)?.loss_nats_per_token).toBeLessThan(steps[0].loss_nats_per_token as number)
    const { lastEvaluation } = result
    // 48 targets spell 100 bytes.
    expect(lastEvaluation?.bits_per_byte).toBeCloseTo(
      ((lastEvaluation?.heldout_nats_per_token as number) * 48) / Math.LN2 / 100,
      12,
    )
    expect(result).toMatchObject({ ended: "steps", progress: { step: STEPS, updates: STEPS } })
  })

  it.each(machine.name === "native" ? [reference, machine] : [reference])(
    "goes on after a stop as if unbroken, bit for bit",
    async (executor) => {
      const unbroken = await run("unbroken", {}, executor)
      // Stopped at a step that is due for evaluation, and at one that is due for nothing.
      for (const stopAt of [4, 5]) {
        const controller = new AbortController()
        const onStep = ({ step }: StepMetrics) => {
          if (step === stopAt) controller.abort()
        }
        const name = `stopped-${stopAt}`
        const stopped = await run(name, { signal: controller.signal, hooks: { onStep } }, executor)
        expect(stopped.result).toMatchObject({ ended: "aborted", progress: { step: stopAt } })
        expect(stopped.result.checkpoint?.step).toBe(stopAt)
        const resumed = await run(name, {}, executor)
        expect(resumed.result).toMatchObject({ ended: "steps", progress: { step: STEPS } })
        expect(ends(resumed.runFolder)).toEqual(ends(unbroken.runFolder))
      }
    },
  )

  it("drops an evaluation that is stopped half-way, and makes it up on resume", async () => {
    const unbroken = await run("unbroken")
    const controller = new AbortController()
    let evaluations = 0
    const heldOut = {
      *batches() {
        const batch = new CountingText(3, 9).next()
        yield batch
        if (++evaluations === 2) controller.abort()
        yield batch
      },
      bytes: 200,
    }
    const stopped = await run("stopped", { heldOut, signal: controller.signal })
    expect(stopped.result).toMatchObject({ ended: "aborted", progress: { step: 2, evaluatedStep: 0 } })
    expect(ends((await run("stopped")).runFolder).weights).toEqual(ends(unbroken.runFolder).weights)
    const evaluated = readMetrics(join(stopped.runFolder, "metrics.jsonl")).filter(
      ({ event }) => event === "evaluation",
    )
    expect(evaluated.map(({ step }) => step)).toEqual([0, 2, 4, 6, 8, 9])
  })

  it("goes on from the checkpoint before a damaged one, saying so, with the metrics cut back to it", async () => {
    const unbroken = await run("unbroken")
    const { runFolder } = await run("damaged", { steps: 6 })
    truncateSync(join(runFolder, "checkpoints", "step-6", "training_state.safetensors"), 100)
    const resumed = await run("damaged")
    expect(resumed.notices.join()).toMatch(/step-6.*training_state\.safetensors.*CHECKPOINT_DAMAGED/)
    // The run of 6 steps ended with an evaluation at 6, as the unbroken one has.
    expect(ends(resumed.runFolder)).toEqual(ends(unbroken.runFolder))
  })

  it("shows a whole model folder in the run folder", async () => {
    const { runFolder } = await run("shown")
    using model = await CausalLanguageModel.load(runFolder, { executor: reference })
    expect(model.description.vocabularySize).toBe(32)
  })

  it("ends when time is over, and moves the schedule by time when asked to", async () => {
    let clock = 0
    const rates: number[] = []
    const { result } = await run("timed", {
      maximumSeconds: 10,
      pace: "time",
      steps: 10,
      schedule: (step) => 1e-3 * (1 + step),
      now: () => (clock += 250),
      hooks: { onStep: ({ learning_rate }) => void rates.push(learning_rate) },
    })
    expect(result.ended).toBe("time")
    expect(rates.length).toBeGreaterThan(3)
    expect(rates).toEqual([...rates].sort((left, right) => left - right))
    expect(rates.at(-1)).toBeLessThanOrEqual(1.1e-2)
    expect(result.progress.seconds).toBeGreaterThanOrEqual(10)
  })

  it("asks for samples at the beginning and at each interval", async () => {
    const sampled: number[] = []
    await run("sampled", { sampleEvery: { steps: 4 }, hooks: { onSample: ({ step }) => void sampled.push(step) } })
    expect(sampled).toEqual([0, 4, 8])
  })

  it("gives up when gradients stay infinite, with the last good checkpoint kept", async () => {
    const { runFolder } = await run("diverged", { steps: 2 })
    const diverged = run("diverged", { steps: 40, schedule: () => 1e30 })
    await expect(diverged).rejects.toThrow(/10 steps in a row.*lower the learning rate.*TRAINING_DIVERGED/)
    // Step 3 was the first with the bad rate: saved before its damage showed. After that nothing was saved.
    expect((await new Checkpoints(runFolder).list()).map(({ step }) => step)).toEqual([3, 2])
  })
})
