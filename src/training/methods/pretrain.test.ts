import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createExecutor } from "../../engine/index.ts"
import { CausalLanguageModel } from "../../models/index.ts"
import { AutoTokenizer, tokenizeCorpus, trainBpe } from "../../text/index.ts"
import { readMetrics } from "../loop/index.ts"
import { measureTraining } from "./measure.ts"
import { type PretrainData, type PretrainOptions, pretrain } from "./pretrain.ts"
import type { PretrainSettingsInput } from "./settings.ts"

const executor = createExecutor({ kind: "reference" })
const SENTENCE = "The cat sat on the mat, and the dog sat by the cat. "

let folder: string
let data: PretrainData
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "glossa-pretrain-"))
  const documents = Array.from({ length: 12 }, () => ({ text: SENTENCE.repeat(2), continues: false }))
  const tokenizer = await trainBpe(
    documents.map(({ text }) => text),
    { vocabularySize: 300 },
  )
  const split = (from: number, to: number) => tokenizeCorpus(documents.slice(from, to), tokenizer)
  data = { training: split(0, 10), heldOut: split(10, 12), tokenizer }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const settings: PretrainSettingsInput = {
  model: {
    model_type: "llama",
    hidden_size: 16,
    intermediate_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    tie_word_embeddings: true,
  },
  context: 16,
  batchTokens: 32,
  steps: 10,
  learningRate: 1e-2,
  evaluateEvery: { steps: 5 },
  checkpointEvery: { steps: 5 },
}

async function run(name: string, change: Partial<PretrainSettingsInput> = {}, options: PretrainOptions = {}) {
  const notices: string[] = []
  const result = await pretrain({ ...settings, ...change }, data, {
    folder: join(folder, name),
    executor,
    ...options,
    hooks: { onNotice: (line) => notices.push(line), ...options.hooks },
  })
  result.model.dispose()
  return { ...result, notices }
}

describe("pretrain", () => {
  it("learns text and leaves a model folder with its tokenizer and metrics", async () => {
    const { lastEvaluation } = await run("learn")
    const metrics = readMetrics(join(folder, "learn", "metrics.jsonl"))
    const evaluations = metrics.filter((line) => line.event === "evaluation")
    expect(evaluations.map(({ step }) => step)).toEqual([0, 5, 10])
    expect(lastEvaluation?.bits_per_byte).toBeLessThan(0.8 * evaluations[0].bits_per_byte)
    const tokenizer = await AutoTokenizer.fromPretrained(join(folder, "learn"))
    using model = await CausalLanguageModel.load(join(folder, "learn"), { executor })
    expect(model.description).toMatchObject({ context: 16, vocabularySize: tokenizer.vocabularySize })
    expect(model.description.eosIds).toEqual([tokenizer.eosId])
    // generation_config.json: a new model is drawn from, where a caller does not say how.
    expect(model.generation).toMatchObject({ do_sample: true, temperature: 0.8, eos_token_id: tokenizer.eosId })
  })

  it("goes on from the parameters of a folder", async () => {
    const begun = await run("from", { model: undefined, from: join(folder, "learn"), steps: 5 })
    const [first] = readMetrics(join(folder, "from", "metrics.jsonl"))
    const before = readMetrics(join(folder, "learn", "metrics.jsonl")).at(-1)
    expect(first).toMatchObject({ event: "evaluation", step: 0 })
    expect((first as { bits_per_byte: number }).bits_per_byte).toBe((before as { bits_per_byte: number }).bits_per_byte)
    expect(begun.progress.step).toBe(5)
  })

  it("resumes to the weights of an unbroken run", async () => {
    const controller = new AbortController()
    const hooks = { onStep: ({ step }: { step: number }) => (step === 6 ? controller.abort() : undefined) }
    const stopped = await run("resumed", {}, { signal: controller.signal, hooks })
    expect(stopped).toMatchObject({ ended: "aborted", progress: { step: 6 } })
    await expect(run("resumed")).rejects.toThrow(/holds checkpoints.*resume it, overwrite it.*RUN_EXISTS/)
    const changed = run("resumed", { batchTokens: 64 }, { resume: true })
    await expect(changed).rejects.toThrow(/batchTokens.*began with \(32\).*came 64.*CHECKPOINT_MISMATCH/)
    const resumed = await run("resumed", {}, { resume: true })
    expect(resumed).toMatchObject({ ended: "steps", progress: { step: 10 }, notices: [] })
    const weights = (name: string) => readFileSync(join(folder, name, "model.safetensors"))
    expect(weights("resumed")).toEqual(weights("learn"))
    const again = await run("resumed", { steps: 2, keepCheckpoints: 1 }, { overwrite: true })
    expect(again.progress.step).toBe(2)
  })

  it("begins anew, saying so, when there is nothing to resume", async () => {
    const { notices, progress } = await run("nothing", { steps: 1 }, { resume: true })
    expect(notices.join()).toMatch(/no checkpoint yet: the run begins anew/)
    expect(progress.step).toBe(1)
  })

  it.each<[string, Partial<PretrainSettingsInput>, RegExp]>([
    ["no model", { model: undefined }, /either a model or a folder.*neither.*RECIPE_INVALID/],
    ["a model and a folder", { from: "there" }, /either a model or a folder.*both/],
    ["an odd batch", { batchTokens: 40 }, /batchTokens: wanted a multiple of the context \(16\); came 40/],
    ["odd micro-batches", { microBatchTokens: 24 }, /microBatchTokens: wanted a multiple of the context/],
    ["small micro-batches", { microBatchTokens: 16 }, /microBatchRows: wanted a multiple of 32/],
    ["a long context", { context: 64, model: { ...settings.model, max_position_embeddings: 16 } as never }, /at most/],
    ["a small vocabulary", { model: { ...settings.model, vocab_size: 100 } as never }, /the tokenizer's 298 ids.*100/],
    ["a missing folder", { model: undefined, from: "/nowhere/at/all" }, /MODEL_NOT_FOUND/],
  ])("refuses %s", async (_, change, message) => {
    await expect(run("refused", change)).rejects.toThrow(message)
  })

  it("measures how fast it would go", async () => {
    let clock = 0
    const now = () => (clock += 500)
    const measured = await measureTraining(settings, { executor, tokenizer: data.tokenizer, now })
    // Each step looks at the clock twice: half a second apart.
    expect(measured).toMatchObject({ stepSeconds: 0.5, tokensPerSecond: 64, evaluationTokensPerSecond: 64 })
    expect(measured.memory[0].total).toBeGreaterThan(measured.parameters * 4)
  })
})
