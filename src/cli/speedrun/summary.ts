/** What a speedrun says at its end: the figures, a program that runs as pasted, and what to do next. */
import { shellWord, startingWords } from "../invocation.ts"
import { byteSize, duration, grouped, largeCount, onOneLine } from "../wording.ts"
import type { FinishedRun } from "./report.ts"

/** The lines, in order. */
export function summaryLines(run: FinishedRun): string[] {
  const { recipe, bitsPerByte, baselines, identity, description, result, finalSamples } = run
  const folder = recipe.output
  const total = performance.now() / 1000
  const [{ prompt, text }] = finalSamples
  const glossa = startingWords()
  return [
    "",
    `${largeCount(description.parameters)} parameters, ${largeCount(result.progress.tokens)} tokens read in ${grouped(result.progress.step)} steps, ${duration(total)} in all`,
    "",
    "held-out text, bits per byte (less is better)",
    `  this model     ${bitsPerByte.toFixed(3)}`,
    `  brotli         ${baselines.brotliBitsPerByte.toFixed(3)}`,
    `  byte ${baselines.ngramOrder}-gram    ${baselines.ngramBitsPerByte.toFixed(3)}`,
    ...countingNote(run),
    `trainer = generator: ${identity.identical} of ${identity.compared} log-probabilities identical`,
    ...referenceNote(run),
    "",
    `${onOneLine(prompt, 60)} ›${onOneLine(` ${text}`, 400)}`,
    "",
    `Write on with it (save as first.mjs and run: node first.mjs):`,
    "",
    ...programLines(folder, prompt),
    "",
    "Next:",
    `  ${glossa} chat --model ${shellWord(folder)}`,
    `  ${glossa} generate --model ${shellWord(folder)} --prompt ${shellWord(onOneLine(prompt, 60))}`,
    `  ${glossa} speedrun --text 'src/**/*.ts' --minutes 10`,
    `  ${shellWord(`${folder}/report.html`)} has the whole story`,
  ]
}

/** On little text, or in little time, counting is better than learning; that is said, not left to be found. */
export function countingNote({
  bitsPerByte,
  baselines,
  text,
}: Pick<FinishedRun, "bitsPerByte" | "baselines" | "text">) {
  if (bitsPerByte <= baselines.ngramBitsPerByte) return []
  return [
    `  counting ${baselines.ngramOrder} bytes at a time predicts this text better than the model: ` +
      `${byteSize(text.trainingBytes)} in this time are too little to learn from; more text or more --minutes help`,
  ]
}

/** The reference executor keeps float64 between operations, but float32 in the cache; so its last bits may differ. */
function referenceNote({ executor, identity }: FinishedRun): string[] {
  if (executor.name === "native" || identity.identical === identity.compared) return []
  return ["  (the reference executor rounds only what is stored; identity is the native executor's promise)"]
}

/** A program of six lines that runs as pasted where the run was made. */
export function programLines(folder: string, prompt: string): string[] {
  return [
    'import { AutoModelForCausalLM } from "glossa"',
    `const model = await AutoModelForCausalLM.fromPretrained(${JSON.stringify(folder)})`,
    `const options = { maxNewTokens: 80, temperature: 0.8, topK: 50 }`,
    `const pieces = model.stream(${JSON.stringify(prompt)}, options)`,
    "for await (const { text } of pieces) process.stdout.write(text)",
    "model.dispose()",
  ]
}
