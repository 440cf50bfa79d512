import { describe, expect, it } from "vitest"
import { createExecutor, type Executor, IGNORED_TARGET } from "../../engine/index.ts"
import { countTargets, splitBatch, type TrainingBatch } from "./batch.ts"
import { CountingText, TINY_CONTEXT, TINY_VOCABULARY, tinyModel, tinyTrainer } from "./tiny-run.cases.ts"
import type { StepResult, Trainer } from "./trainer.ts"

const reference = createExecutor({ kind: "reference" })
/** The native executor where it was built, the reference elsewhere. */
const machine = createExecutor({ kind: "auto" })

async function parametersOf({ model, optimizer }: Trainer): Promise<Float32Array[]> {
  const states = [...model.parameters.states(), ...optimizer.states]
  return Promise.all(states.map(async (state) => (await state.read()) as Float32Array))
}

/** Eight sequences, one of them partly masked, so that micro-batches count differently. */
function unevenBatch(): TrainingBatch {
  const batch = new CountingText(8).next()
  const targets = batch.targets.map((target, row) => (row < 10 || row % 7 === 0 ? IGNORED_TARGET : target))
  return { ...batch, targets }
}

async function trainedIn(executor: Executor, microBatches: number, precision: "f32" | "bf16" = "f32") {
  using model = await tinyModel(executor)
  using trainer = tinyTrainer(model, {
    microBatchRows: (8 * TINY_CONTEXT) / microBatches,
    microBatches,
    maximumGradientNorm: 0.5,
    precision,
  })
  const results: StepResult[] = []
  for (let step = 0; step < 3; step++) results.push(await trainer.step(unevenBatch(), 1e-2))
  return { results, parameters: await parametersOf(trainer) }
}

function largestDifference(left: readonly Float32Array[], right: readonly Float32Array[]): number {
  const differences = left.map((numbers, index) =>
    numbers.reduce((most, value, place) => Math.max(most, Math.abs(value - right[index][place])), 0),
  )
  return Math.max(...differences)
}

describe("Trainer", () => {
  it("begins at the loss of a uniform guess and learns what repeats", async () => {
    using model = await tinyModel(reference)
    using trainer = tinyTrainer(model)
    const text = new CountingText()
    const losses: number[] = []
    for (let step = 0; step < 60; step++) losses.push((await trainer.step(text.next(), 2e-2)).loss)
    expect(losses[0]).toBeCloseTo(Math.log(TINY_VOCABULARY), 1)
    expect(losses.at(-1)).toBeLessThan(0.5)
    const { nats, countedTargets } = await trainer.evaluate([new CountingText(4, 2).next()])
    expect(countedTargets).toBe(4 * TINY_CONTEXT)
    expect(nats / countedTargets).toBeLessThan(0.5)
  })

  it("reports the loss of before the step, which evaluation agrees with", async () => {
    using model = await tinyModel(reference)
    using trainer = tinyTrainer(model, { microBatchRows: 8 * TINY_CONTEXT })
    const batch = unevenBatch()
    const { nats, countedTargets } = await trainer.evaluate([batch])
    const before = await parametersOf(trainer)
    const { loss } = await trainer.step(batch, 1e-2)
    expect(countedTargets).toBe(countTargets(batch))
    expect(loss).toBe(nats / countedTargets)
    expect(largestDifference(before, await parametersOf(trainer))).toBeGreaterThan(0)
  })

  it.each([2, 4])("gives the same run in 1 × 8 sequences and in %d micro-batches", async (microBatches) => {
    const whole = await trainedIn(reference, 1)
    const parts = await trainedIn(reference, microBatches)
    expect(parts.results.map(({ countedTargets }) => countedTargets)).toEqual(
      whole.results.map(({ countedTargets }) => countedTargets),
    )
    // The referee counts in float64 and keeps sums between micro-batches in float32: near, not the same bits.
    parts.results.forEach(({ loss, gradientNorm }, step) => {
      expect(loss).toBeCloseTo(whole.results[step].loss, 5)
      expect(gradientNorm).toBeCloseTo(whole.results[step].gradientNorm, 5)
    })
    expect(largestDifference(whole.parameters, parts.parameters)).toBeLessThan(1e-4)
  })

  it.runIf(machine.name === "native").each([
    [2, "f32"],
    [4, "f32"],
    [4, "bf16"],
  ] as const)(
    "gives the same bits in 1 × 8 sequences and in %d micro-batches on the native executor, in %s",
    async (microBatches, precision) => {
      const whole = await trainedIn(machine, 1, precision)
      const parts = await trainedIn(machine, microBatches, precision)
      expect(parts.results).toEqual(whole.results)
      expect(parts.parameters).toEqual(whole.parameters)
    },
  )

  it.each([1, 2])("leaves out a step whose gradient is not finite, in %d micro-batches", async (microBatches) => {
    using model = await tinyModel(reference)
    using trainer = tinyTrainer(model, { microBatchRows: (4 * TINY_CONTEXT) / microBatches, microBatches })
    const text = new CountingText()
    await trainer.step(text.next(), 1e-2)
    const norm = model.parameters.get("model.norm.weight")
    const good = await norm.read()
    await norm.write(new Float32Array(good.length).fill(Number.NaN))
    const before = await parametersOf(trainer)
    const bad = await trainer.step(text.next(), 1e-2)
    expect(bad.applied).toBe(false)
    expect(trainer.updates).toBe(1)
    expect(await parametersOf(trainer)).toEqual(before)
    await norm.write(good)
    expect(await trainer.step(text.next(), 1e-2)).toMatchObject({ applied: true })
    expect((await parametersOf(trainer)).flatMap((numbers) => [...numbers]).every(Number.isFinite)).toBe(true)
  })

  it("refuses what it cannot do, saying why", async () => {
    using model = await tinyModel(reference)
    expect(() => tinyTrainer(model, { microBatchRows: 0 })).toThrow(/microBatchRows.*above 0.*RECIPE_INVALID/)
    expect(() => tinyTrainer(model, { microBatchRows: 48, microBatches: 2 })).toThrow(/multiple of 32.*48/)
    expect(() => tinyTrainer(model, { maximumGradientNorm: -1 })).toThrow(/maximumGradientNorm/)
    using trainer = tinyTrainer(model)
    const batch = new CountingText().next()
    await expect(trainer.step(new CountingText(5).next(), 1)).rejects.toThrow(/at most 64 rows.*80 rows/)
    const silent = { ...batch, targets: batch.targets.map(() => IGNORED_TARGET) }
    await expect(trainer.step(silent, 1)).rejects.toThrow(/at least one target that counts/)
  })
})

describe("splitBatch", () => {
  it("cuts between sequences and counts their starts anew", () => {
    const parts = splitBatch(new CountingText(3).next(), 2 * TINY_CONTEXT)
    expect(parts.map(({ tokens }) => tokens.length)).toEqual([2 * TINY_CONTEXT, TINY_CONTEXT])
    expect(parts[1].sequenceStart).toEqual(new Int32Array(TINY_CONTEXT))
    expect(parts[1].positions).toEqual(Int32Array.from({ length: TINY_CONTEXT }, (_, place) => place))
  })

  it("refuses to cut a sequence", () => {
    expect(() => splitBatch(new CountingText(3).next(), 24)).toThrow(/from row 24.*began at row 16.*INPUT_INVALID/)
  })
})
