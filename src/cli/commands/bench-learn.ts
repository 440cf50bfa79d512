/** `glossa bench learn`: time to a validation loss, with the task, model and recipe of the PyTorch peer. */
import { defaultExecutor, philox, Store } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import { CausalLanguageModel } from "../../models/index.ts"
import { Trainer, type TrainingBatch } from "../../training/loop/index.ts"
import { causal } from "../../training/objectives/index.ts"
import { AdamW, createSchedule } from "../../training/optim/index.ts"
import { type Call, defineCommand, JSON_FLAG, MODEL_FLAGS, requiredText, wholeFlag } from "../command.ts"
import { readTextFile } from "../read-file.ts"
import { printJson, printLine } from "../terminal.ts"
import { plainGpt } from "./bench-train.ts"

const CONTEXT = 64
const BATCH = 12
/** Rows of one evaluation batch; the last batch that is not full is left out, as the peer does. */
const EVALUATION_BATCH = 64
const REPORT_EVERY = 100

const flags = {
  text: requiredText("--text <file>", "text to learn, character by character; its last tenth is held out"),
  steps: wholeFlag("--steps <count>", "steps of the run (2000)", 1),
  seed: wholeFlag("--seed <number>", "of the parameters and the batches (1337)", 0),
  ...MODEL_FLAGS,
  ...JSON_FLAG,
}

export const benchLearn = defineCommand({
  flags,
  example: "glossa bench learn --text input.txt --seed 1 --json",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const steps = given.steps ?? 2000
    const seed = given.seed ?? 1337
    const { training, validation, vocabulary } = await readCharacters(given.text)
    const executor = defaultExecutor()
    const precision = executor.resolvePrecision(given.precision ?? "auto")
    const config = plainGpt({ layers: 4, width: 128, heads: 4, context: CONTEXT, vocabulary })
    using model = await CausalLanguageModel.create({ modelType: "gpt2", config, seed, executor })
    const parameters = model.parameters.specs.map(({ path, decays }) => ({ state: model.parameters.get(path), decays }))
    const optimizer = new AdamW(new Store(executor), parameters, { betas: [0.9, 0.99], weightDecay: 0.1 })
    using trainer = new Trainer({ model, objective: causal, optimizer, microBatchRows: BATCH * CONTEXT, precision })
    const warmupSteps = Math.min(100, steps - 1)
    const schedule = createSchedule({ kind: "cosine", peak: 1e-3, floor: 1e-4, warmupSteps, totalSteps: steps })
    const heldOut = validationBatches(validation)
    let seconds = 0
    for (let step = 0; step <= steps; step++) {
      if (step % REPORT_EVERY === 0 || step === steps) {
        const { nats, countedTargets } = await trainer.evaluate(heldOut)
        const line = { step, seconds: Math.round(seconds * 1000) / 1000, val_loss: nats / countedTargets, precision }
        if (given.json) printJson(terminal, step === steps ? { ...line, final: true } : line)
        else printLine(terminal, `step ${step}  ${seconds.toFixed(1)} s  validation loss ${line.val_loss.toFixed(4)}`)
      }
      if (step === steps) break
      const start = performance.now()
      await trainer.step(randomWindows(training, seed, step), schedule(step))
      seconds += (performance.now() - start) / 1000
    }
  },
})

/** The characters of a text as ids in the order of their code points; the last tenth apart. */
async function readCharacters(path: string) {
  const text = await readTextFile(path)
  const characters = Array.from(text)
  const alphabet = [...new Set(characters)].sort((left, right) => left.codePointAt(0)! - right.codePointAt(0)!)
  const idOf = new Map(alphabet.map((character, id) => [character, id]))
  const ids = Int32Array.from(characters, (character) => idOf.get(character)!)
  const boundary = Math.floor(ids.length * 0.9)
  const needed = EVALUATION_BATCH * CONTEXT + CONTEXT + 2
  if (ids.length - boundary < needed)
    throw new GlossaError("CORPUS_TOO_SHORT", {
      where: path,
      wanted: `at least ${needed * 10} characters, of which the last tenth is held out`,
      came: String(ids.length),
      fix: "name a longer text",
    })
  return { training: ids.subarray(0, boundary), validation: ids.subarray(boundary), vocabulary: alphabet.length }
}

/** Windows from places that the seed and the step decide. */
function randomWindows(ids: Int32Array, seed: number, step: number): TrainingBatch {
  const starts = Array.from(
    { length: BATCH },
    (_, row) => philox([seed, 0x1ea7], [step, row, 0, 0])[0] % (ids.length - CONTEXT - 1),
  )
  return windows(ids, starts)
}

function validationBatches(ids: Int32Array): TrainingBatch[] {
  const batches: TrainingBatch[] = []
  const span = EVALUATION_BATCH * CONTEXT
  for (let start = 0; start < ids.length - CONTEXT - 1 - span; start += span)
    batches.push(
      windows(
        ids,
        Array.from({ length: EVALUATION_BATCH }, (_, row) => start + row * CONTEXT),
      ),
    )
  return batches
}

/** One sequence of CONTEXT characters for each start. */
function windows(ids: Int32Array, starts: readonly number[]): TrainingBatch {
  const rows = starts.length * CONTEXT
  const [tokens, targets, positions, sequenceStart] = Array.from({ length: 4 }, () => new Int32Array(rows))
  starts.forEach((start, sequence) => {
    const first = sequence * CONTEXT
    tokens.set(ids.subarray(start, start + CONTEXT), first)
    targets.set(ids.subarray(start + 1, start + 1 + CONTEXT), first)
    sequenceStart.fill(first, first, first + CONTEXT)
    for (let position = 0; position < CONTEXT; position++) positions[first + position] = position
  })
  return { tokens, targets, positions, sequenceStart }
}
