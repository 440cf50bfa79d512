/** `glossa pretrain`: a recipe becomes a model folder. */
import { defaultExecutor } from "../../engine/index.ts"
import { TextGenerator } from "../../generation/index.ts"
import type { CausalLanguageModel } from "../../models/index.ts"
import { loadRecipe, pretrainSettingsOf, printRecipe, type Recipe, readOverride } from "../../recipes/index.ts"
import type { Tokenizer } from "../../text/index.ts"
import { pretrain as runPretrain } from "../../training/index.ts"
import { type Call, defineCommand, JSON_FLAG, MODEL_FLAGS, switchFlag, textFlag, textsFlag } from "../command.ts"
import { describeText, makeTokenizer, readText, tokenizerOfRun, tokenizeText } from "../data.ts"
import { shellWord, startingWords } from "../invocation.ts"
import { INTERRUPTED, notice, printJson, printLine } from "../terminal.ts"
import { TrainingProgress } from "../training-progress.ts"
import { duration, grouped, largeCount } from "../wording.ts"

const flags = {
  set: textsFlag("--set <key=value>", "put a value over the recipe's, such as training.steps=200; several times"),
  from: textFlag("--from <folder>", "go on from this model instead of making a new one"),
  out: textFlag("--out <folder>", "folder of the run (the recipe's output)"),
  resume: switchFlag("--resume", "go on from the newest whole checkpoint of the run's folder"),
  overwrite: switchFlag("--overwrite", "remove the run that the folder holds"),
  printRecipe: switchFlag("--print-recipe", "print the whole recipe, each key explained, and do nothing else"),
  ...MODEL_FLAGS,
  ...JSON_FLAG,
}

export const pretrain = defineCommand({
  flags,
  example: "glossa pretrain recipes/moby-dick.yaml --set training.steps=500",
  async run({ words: [path], flags: given, terminal }: Call<typeof flags>) {
    const recipe = await loadRecipe(path, overridesOf(given))
    if (given.printRecipe) {
      terminal.output.write(printRecipe(recipe))
      return
    }
    const text = await readText(recipe)
    notice(terminal, `corpus: ${describeText(text)}`)
    const kept = given.resume ? await tokenizerOfRun(recipe.output) : undefined
    const tokenizer = kept ?? (await makeTokenizer(recipe, text.train, terminal))
    const tokens = tokenizeText(text, tokenizer, terminal)
    const settings = pretrainSettingsOf(recipe)
    const interruption = terminal.onInterrupt("stopping after this step and saving; Ctrl-C again quits at once")
    const { steps, maximumSeconds, pace } = settings
    const progress = new TrainingProgress(terminal, {
      steps,
      byTime: pace === "time",
      ...(maximumSeconds ? { seconds: maximumSeconds } : {}),
    })
    const sampler = new Sampler(recipe, tokenizer)
    try {
      const result = await runPretrain(
        settings,
        { ...tokens, tokenizer },
        {
          folder: recipe.output,
          resume: given.resume,
          overwrite: given.overwrite,
          executor: defaultExecutor(),
          signal: interruption.signal,
          hooks: {
            ...progress.hooks,
            onBegin: ({ model, step }) =>
              progress.say(
                `model: ${model.family.modelType}, ${largeCount(model.parameters.count)} parameters` +
                  (step > 0 ? `; going on after step ${grouped(step)}` : ""),
              ),
            onSample: async ({ model, seconds }) =>
              progress.sample(seconds, recipe.sample.prompt, await sampler.write(model)),
          },
        },
      )
      progress.close()
      result.model.dispose()
      const { step, tokens: read, seconds } = result.progress
      const bits = result.lastEvaluation?.bits_per_byte ?? null
      const summary = {
        out: recipe.output,
        ended: result.ended,
        step,
        tokens: read,
        seconds,
        loss_nats_per_token: result.lastStep?.loss_nats_per_token ?? null,
        bits_per_byte: bits,
      }
      if (given.json) printJson(terminal, summary)
      else {
        const heldOut = bits === null ? "" : `, held-out ${bits.toFixed(3)} bits per byte`
        printLine(
          terminal,
          `${grouped(step)} steps, ${grouped(read)} tokens in ${duration(seconds)}${heldOut}: ${recipe.output}`,
        )
      }
      if (result.ended === "aborted") {
        const again = [startingWords(), ...resumeWords(path, given)].join(" ")
        notice(terminal, `stopped and saved at step ${step}; go on with: ${again}`)
        process.exitCode = INTERRUPTED
      }
    } finally {
      progress.close()
      sampler.dispose()
      interruption.release()
    }
  },
})

type Given = Call<typeof flags>["flags"]

function overridesOf({ set, from, out, precision }: Given) {
  const direct = { from, output: out, "training.precision": precision }
  const named = Object.entries(direct).filter(([, value]) => value !== undefined)
  // `from` stands in place of the recipe's own model.
  const removed = from === undefined ? [] : ["depth", "model"].map((key) => ({ path: [key], value: undefined }))
  return [...removed, ...set.map(readOverride), ...named.map(([key, value]) => ({ path: key.split("."), value }))]
}

function resumeWords(path: string, { set, from, out, precision, threads }: Given): string[] {
  const valued = { from, out, precision, threads }
  return [
    "pretrain",
    path,
    ...set.flatMap((override) => ["--set", shellWord(override)]),
    ...Object.entries(valued).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, shellWord(String(value))],
    ),
    "--resume",
  ]
}

/** Continues a recipe's prompt with the model as it is now. */
export class Sampler {
  private readonly recipe: Recipe
  private readonly tokenizer: Tokenizer
  private generator: TextGenerator | undefined

  constructor(recipe: Recipe, tokenizer: Tokenizer) {
    this.recipe = recipe
    this.tokenizer = tokenizer
  }

  async write(model: CausalLanguageModel, prompt = this.recipe.sample.prompt): Promise<string> {
    const { training, sample } = this.recipe
    const { precision } = training
    this.generator ??= new TextGenerator(model, {
      tokenizer: this.tokenizer,
      precision,
      maxSequences: 1,
      prefillRows: 64,
    })
    const maxNewTokens = Math.max(1, Math.min(sample.maxNewTokens, model.description.context - 1))
    const { text } = await this.generator.generate(prompt, { maxNewTokens, temperature: sample.temperature, seed: 1 })
    return text
  }

  dispose(): void {
    this.generator?.dispose()
  }
}
