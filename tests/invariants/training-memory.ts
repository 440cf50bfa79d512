/** A small training in a process of its own: prints what its plan said, what the engine counted, what the system saw. */

import { NativeExecutor } from "../../src/engine/execute/native-executor.ts"
import { createExecutor, IGNORED_TARGET, Store } from "../../src/engine/index.ts"
import { CausalLanguageModel } from "../../src/models/index.ts"
import { AdamW, causal, Trainer, type TrainingBatch } from "../../src/training/index.ts"

const CONTEXT = 128
const ROWS = 4 * CONTEXT
const VOCABULARY = 4096

/** What the process prints, as JSON. All in bytes. */
export interface MeasuredMemory {
  readonly planned: {
    readonly states: number
    readonly packs: number
    readonly constants: number
    readonly activations: number
    readonly total: number
  }
  /** What the engine counted before the first run, after the runs, and after everything was disposed. */
  readonly counted: Readonly<Record<"prepared" | "run" | "disposed", EngineCount>>
  /** The process's resident set beyond what it was before there was a model. */
  readonly grown: number
}

export interface EngineCount {
  readonly stateBytes: number
  readonly arenaBytes: number
  readonly constantBytes: number
}

const batch: TrainingBatch = {
  tokens: Int32Array.from({ length: ROWS }, (_, row) => (row * 37) % VOCABULARY),
  targets: Int32Array.from({ length: ROWS }, (_, row) => (row % 7 === 0 ? IGNORED_TARGET : (row * 41) % VOCABULARY)),
  positions: Int32Array.from({ length: ROWS }, (_, row) => row % CONTEXT),
  sequenceStart: Int32Array.from({ length: ROWS }, (_, row) => row - (row % CONTEXT)),
}

const executor = createExecutor({ kind: "native", threads: 2 })
if (!(executor instanceof NativeExecutor)) throw new Error("the native executor was asked for")
const { addon } = executor
const before = process.memoryUsage.rss()
const model = await CausalLanguageModel.create({
  modelType: "llama",
  config: {
    vocab_size: VOCABULARY,
    hidden_size: 384,
    intermediate_size: 1024,
    num_hidden_layers: 5,
    num_attention_heads: 6,
    max_position_embeddings: CONTEXT,
    tie_word_embeddings: true,
  },
  seed: 1,
  executor,
})
const parameters = model.parameters.specs.map(({ path, decays }) => ({ state: model.parameters.get(path), decays }))
const store = new Store(executor)
const optimizer = new AdamW(store, parameters, {})
const precision = process.argv[2] === "bf16" ? "bf16" : "f32"
const trainer = new Trainer({ model, objective: causal, optimizer, microBatchRows: ROWS, precision })
const [planned] = trainer.memory
const prepared = addon.memory()
for (let step = 0; step < 2; step++) await trainer.step(batch, 1e-3)
const run = addon.memory()
const grown = process.memoryUsage.rss() - before
trainer.dispose()
model.dispose()
store.dispose()
// Places are given back in turn, after what was asked for before.
await new Promise((resolve) => setTimeout(resolve, 50))
const measured: MeasuredMemory = { planned, counted: { prepared, run, disposed: addon.memory() }, grown }
console.log(JSON.stringify(measured))
