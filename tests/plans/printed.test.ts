/**
 * The printed graph and plan of tiny models' programs, as files: a refactor leaves them as they are, a change shows what
 * it changed. `npx vitest run tests/plans -u` writes them anew; read the difference before it is committed.
 */
import { describe, expect, test } from "vitest"
import type { PreparedProgram } from "../../src/engine/execute/executor.ts"
import { ReferenceExecutor } from "../../src/engine/execute/reference-executor.ts"
import { type Graph, printGraph } from "../../src/engine/graph/index.ts"
import { Store } from "../../src/engine/index.ts"
import { planGraph, printPlan } from "../../src/engine/plan/index.ts"
import { resolveSettings, Scheduler } from "../../src/generation/index.ts"
import { tinyModel } from "../../src/generation/scheduler/tiny-model.cases.ts"
import { AdamW, causal, Trainer } from "../../src/training/index.ts"

/** Writes down what it is asked to prepare. Plans are pure functions of graphs, so they need no native addon. */
class WritingExecutor extends ReferenceExecutor {
  readonly pages = new Map<string, string>()
  override prepare(graph: Graph, name = "program"): PreparedProgram {
    const page = `# ${name}\n\n## graph\n\n${printGraph(graph)}\n## plan\n\n${printPlan(planGraph(graph))}`
    this.pages.set(name, page)
    return super.prepare(graph)
  }
}

const ONE_LAYER = { llama: { num_hidden_layers: 1 }, gpt2: { n_layer: 1 } }

async function trainingPages(
  family: "llama" | "gpt2",
  precision: "f32" | "bf16",
  microBatches: number,
): Promise<string[]> {
  const executor = new WritingExecutor()
  using model = await tinyModel(family, executor, ONE_LAYER[family])
  executor.pages.clear() // the program that fills a new model
  const parameters = model.parameters.specs.map(({ path, decays }) => ({ state: model.parameters.get(path), decays }))
  const optimizer = new AdamW(new Store(executor), parameters, {})
  using _trainer = new Trainer({ model, objective: causal, optimizer, microBatchRows: 64, microBatches, precision })
  return [...executor.pages.values()]
}

async function generatingPages(family: "llama" | "gpt2", precision: "f32" | "bf16"): Promise<string[]> {
  const executor = new WritingExecutor()
  using model = await tinyModel(family, executor, ONE_LAYER[family])
  executor.pages.clear() // the program that fills a new model
  using scheduler = new Scheduler(model, { precision, prefillRows: 16, maxSequences: 2 })
  const settings = resolveSettings({ maxNewTokens: 2, seed: 1, ignoreEos: true }, () => 0)
  await scheduler.submit({ ids: [1, 2, 3], settings })
  return [...executor.pages.values()]
}

describe("printed programs", () => {
  test.each([
    ["llama", "f32", 1],
    ["gpt2", "f32", 1],
    ["llama", "bf16", 1],
    ["gpt2", "bf16", 2],
  ] as const)("a training step of %s in %s, %d micro-batches", async (family, precision, microBatches) => {
    const pages = await trainingPages(family, precision, microBatches)
    expect(pages).toHaveLength(microBatches === 1 ? 1 : 2)
    await expect(pages.join("\n")).toMatchFileSnapshot(`snapshots/train-${family}-${precision}-${microBatches}.txt`)
  })

  test.each([
    ["llama", "bf16"],
    ["gpt2", "f32"],
  ] as const)("generating with %s in %s", async (family, precision) => {
    const pages = await generatingPages(family, precision)
    await expect(pages.join("\n")).toMatchFileSnapshot(`snapshots/generate-${family}-${precision}.txt`)
  })

  test("planning the same program twice gives the same text", async () => {
    expect(await trainingPages("llama", "bf16", 1)).toEqual(await trainingPages("llama", "bf16", 1))
  })
})
