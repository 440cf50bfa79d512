/**
 * The same numbers as PyTorch from the same weights: logits, losses, every gradient and ten clipped AdamW steps of a tiny
 * GPT-2 and a tiny Llama. The files beside this test are only read; make_gpt2.py and make_llama.py write them.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import {
  compile,
  createExecutor,
  type Executor,
  grad,
  i32,
  matmul,
  multiply,
  reshape,
  rows,
  Store,
  sum,
} from "../../src/engine/index.ts"
import { CausalLanguageModel, packedAttention } from "../../src/models/index.ts"
import { AdamW, causal, countTargets, type StepResult, Trainer } from "../../src/training/index.ts"
import { type Golden, readGolden, relativeError, worstDifference } from "./golden-folder.ts"

const HERE = import.meta.dirname
const machine = createExecutor({ kind: "auto" })
const executors: Executor[] = [...(machine.name === "native" ? [machine] : []), createExecutor({ kind: "reference" })]
type Precision = "f32" | "bf16"

/** What one batch costs and in which direction it pulls. */
async function lossAndGradients(golden: Golden, model: CausalLanguageModel, precision: Precision) {
  const [batch] = golden.batches
  const most = rows(batch.tokens.length)
  const states = model.parameters.states()
  using program = compile(
    { tokens: i32(most), targets: i32(most), positions: i32(most), sequenceStart: i32(most) },
    (inputs) => {
      const attention = packedAttention(inputs.sequenceStart)
      const hidden = model.hidden({ tokens: inputs.tokens, positions: inputs.positions, attention })
      const losses = causal.rowLosses(model, inputs)
      const mean = multiply(reshape(sum(losses, 0), []), 1 / countTargets(batch))
      const gradients = grad(mean, states).map((gradient, index) => [states[index].path, gradient] as const)
      const logits = matmul(hidden, model.outputWeight, { transposeRight: true })
      return { outputs: { logits, losses, mean, ...Object.fromEntries(gradients) } }
    },
    { executor: model.store.executor, precision },
  )
  return program.run({ ...batch })
}

/** The ten steps that PyTorch made, and the parameters after them. */
async function trained({ expected, batches, folder }: Golden, executor: Executor, precision: Precision) {
  using model = await CausalLanguageModel.load(folder, { executor })
  const { maximumGradientNorm, ...settings } = expected.optimizer
  const parameters = model.parameters.specs.map(({ path, decays }) => ({ state: model.parameters.get(path), decays }))
  const optimizer = new AdamW(new Store(executor), parameters, settings)
  const microBatchRows = batches[0].tokens.length
  using trainer = new Trainer({ model, objective: causal, optimizer, microBatchRows, maximumGradientNorm, precision })
  const steps: StepResult[] = []
  for (const [index, { learningRate }] of expected.steps.entries())
    steps.push(await trainer.step(batches[index % batches.length], learningRate))
  const numbers = new Map<string, ArrayLike<number>>()
  for (const state of model.parameters.states()) numbers.set(state.path, await state.read())
  return { steps, numbers }
}

describe.each(["gpt2", "llama"])("%s", (name) => {
  let golden: Golden
  beforeAll(async () => {
    golden = await readGolden(HERE, name)
  })

  describe.each(executors)("on the $name executor", (executor) => {
    it("gives PyTorch's logits, losses and gradients in float32", async () => {
      using model = await CausalLanguageModel.load(golden.folder, { executor })
      const { logits, losses, mean, ...gradients } = await lossAndGradients(golden, model, "f32")
      expect(worstDifference(logits, golden.tensor("logits"))).toBeLessThan(1e-5)
      expect(worstDifference(losses, golden.tensor("losses"))).toBeLessThan(1e-5)
      expect(worstDifference(mean, [golden.expected.loss])).toBeLessThan(1e-5)
      expect(Object.keys(gradients).length).toBe(model.parameters.specs.length)
      for (const [path, gradient] of Object.entries(gradients))
        expect(worstDifference(gradient, golden.tensor(`gradient.${path}`)), path).toBeLessThan(2e-6)
    })

    it("makes PyTorch's ten AdamW steps, clipped and unclipped", async () => {
      const { steps, numbers } = await trained(golden, executor, "f32")
      const { expected } = golden
      expect(
        new Set(expected.steps.map((step) => step.gradientNorm > expected.optimizer.maximumGradientNorm)).size,
      ).toBe(2)
      for (const [index, { loss, gradientNorm, applied }] of steps.entries()) {
        const wanted = expected.steps[index]
        expect(applied).toBe(true)
        expect(Math.abs(loss / wanted.loss - 1), `loss of step ${index}`).toBeLessThan(1e-5)
        expect(Math.abs(gradientNorm / wanted.gradientNorm - 1), `norm of step ${index}`).toBeLessThan(1e-5)
      }
      for (const [path, values] of numbers)
        expect(worstDifference(values, golden.tensor(`trained.${path}`)), path).toBeLessThan(1e-4)
    })

    it("loses no more to bfloat16 than PyTorch's autocast", async () => {
      using model = await CausalLanguageModel.load(golden.folder, { executor })
      const { logits, mean, ...gradients } = await lossAndGradients(golden, model, "bf16")
      const { bf16, loss } = golden.expected
      expect(relativeError(logits, golden.tensor("logits"))).toBeLessThan(bf16.logitsError)
      expect(worstDifference(logits, golden.tensor("logits")), "bfloat16 rounds").toBeGreaterThan(1e-3)
      expect(Math.abs(mean[0] / loss - 1)).toBeLessThan(1e-3)
      // Errors as shares of autocast's: below them on the whole, and nowhere far above.
      const shares = Object.entries(bf16.gradientErrors).map(([path, autocastError]) => {
        const share = relativeError(gradients[path], golden.tensor(`gradient.${path}`)) / autocastError
        expect(share, path).toBeLessThan(1.35)
        return share
      })
      expect(shares.reduce((sum, share) => sum + share) / shares.length).toBeLessThan(1)
      const { steps } = await trained(golden, executor, "bf16")
      for (const [index, { loss, gradientNorm }] of steps.entries()) {
        const wanted = golden.expected.steps[index]
        expect(Math.abs(loss / wanted.loss - 1), `loss of step ${index}`).toBeLessThan(5e-3)
        expect(Math.abs(gradientNorm / wanted.gradientNorm - 1), `norm of step ${index}`).toBeLessThan(3e-2)
      }
    })
  })

  it("says how to make its files anew when they are of another version, or gone", async () => {
    const parent = await mkdtemp(join(tmpdir(), "glossa-golden-"))
    try {
      await cp(golden.folder, join(parent, name), { recursive: true })
      const path = join(parent, name, "expected.json")
      const old = { ...JSON.parse(await readFile(path, "utf8")), version: 0 }
      await writeFile(path, JSON.stringify(old))
      const remake = `make it anew: /usr/bin/python3 tests/golden/make_${name}.py`
      await expect(readGolden(parent, name)).rejects.toThrow(
        `tests/golden/${name}/expected.json: wanted glossa-golden 1; came glossa-golden 0; ${remake}`,
      )
      await rm(path)
      await expect(readGolden(parent, name)).rejects.toThrow(remake)
    } finally {
      await rm(parent, { recursive: true })
    }
  })
})

it.each(executors)("gpt2 with the exact GELU gives PyTorch's logits on the $name executor", async (executor) => {
  const golden = await readGolden(HERE, "gpt2")
  const folder = await mkdtemp(join(tmpdir(), "glossa-golden-"))
  try {
    await cp(golden.folder, folder, { recursive: true })
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"))
    await writeFile(join(folder, "config.json"), JSON.stringify({ ...config, activation_function: "gelu" }))
    using model = await CausalLanguageModel.load(folder, { executor })
    const { logits } = await lossAndGradients(golden, model, "f32")
    expect(worstDifference(logits, golden.tensor("variant.gelu.logits"))).toBeLessThan(1e-5)
    expect(worstDifference(logits, golden.tensor("logits"))).toBeGreaterThan(1e-4)
  } finally {
    await rm(folder, { recursive: true })
  }
})
