// llama.cpp reads prompts and writes on, greedily, through node-llama-cpp's prebuilt binary: the work of
// `glossa bench generate`, the same keys.
import { basename } from "node:path"
import { parseArgs } from "node:util"
import { getLlama } from "node-llama-cpp"

/** The first round warms up; the median of the others counts. */
const ROUNDS = 4
/** Most rows that llama.cpp computes at once. */
const BATCH_ROWS = 512

const { values: given } = parseArgs({
  options: {
    model: { type: "string" },
    "prompt-tokens": { type: "string", default: "512" },
    "new-tokens": { type: "string", default: "128" },
    sequences: { type: "string", default: "1" },
    threads: { type: "string" },
  },
})
const promptTokens = Number(given["prompt-tokens"])
const newTokens = Number(given["new-tokens"])
const sequences = Number(given.sequences)

const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" })
const model = await llama.loadModel({ modelPath: given.model })
const threads = Number(given.threads ?? llama.cpuMathCores)
const context = await model.createContext({
  contextSize: promptTokens + newTokens + 2,
  sequences,
  threads,
  batchSize: BATCH_ROWS,
  flashAttention: true,
})
/** Ids beyond the control and byte pieces, spread over the vocabulary. */
const prompt = Array.from({ length: promptTokens }, (_, index) => 300 + ((index * 7919) % 20_000))

/** Milliseconds that `work` takes on all sequences together. */
async function timeOf(all, work) {
  const start = performance.now()
  await Promise.all(all.map(work))
  return performance.now() - start
}

async function write(sequence) {
  let written = 0
  for await (const _ of sequence.evaluate([prompt[0]], { temperature: 0, yieldEogToken: true }))
    if (++written === newTokens) break
}

async function round() {
  const all = Array.from({ length: sequences }, () => context.getSequence())
  const reading = await timeOf(all, (sequence) => sequence.evaluateWithoutGeneratingNewTokens(prompt))
  const writing = await timeOf(all, write)
  for (const sequence of all) {
    await sequence.clearHistory()
    sequence.dispose()
  }
  return { prefill: (1000 * sequences * promptTokens) / reading, decode: (1000 * sequences * newTokens) / writing }
}

const rounds = []
for (let number = 0; number < ROUNDS; number++) rounds.push(await round())
const median = (key) =>
  rounds
    .slice(1)
    .map((each) => each[key])
    .sort((left, right) => left - right)[(ROUNDS - 1) >> 1]
const result = {
  peer: "node-llama-cpp",
  file: basename(given.model),
  threads,
  sequences,
  prefill_tokens_per_s: median("prefill"),
  decode_tokens_per_s: median("decode"),
}
// The binary's threads keep the process alive.
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
