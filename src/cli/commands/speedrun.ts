/** `glossa speedrun`: the main journey, from plain text to a model that writes, in the minutes that it is given. */
import { fileURLToPath } from "node:url"
import { LanguageModel } from "../../language-model.ts"
import { loadRecipe, readOverride } from "../../recipes/index.ts"
import {
  badFlag,
  type Call,
  defineCommand,
  JSON_FLAG,
  MODEL_FLAGS,
  numberFlag,
  switchFlag,
  textFlag,
  textsFlag,
} from "../command.ts"
import { startingWords } from "../invocation.ts"
import { runSpeedrun } from "../speedrun/run.ts"
import { summaryLines } from "../speedrun/summary.ts"
import { INTERRUPTED, notice, printJson, printLine } from "../terminal.ts"
import { converse } from "./chat.ts"

const RECIPE = new URL("../../../recipes/speedrun.yaml", import.meta.url)

const flags = {
  text: textsFlag("--text <pattern>", "your own text: files, folders, patterns such as 'src/**/*.ts'; several times"),
  minutes: numberFlag("--minutes <number>", "time for everything (5)", {
    minimum: 0.2,
    maximum: 100_000,
    wanted: "a number of minutes from 0.2",
  }),
  out: textFlag("--out <folder>", "folder of the run (runs/speedrun)"),
  recipe: textFlag("--recipe <file>", "another recipe than recipes/speedrun.yaml"),
  set: textsFlag(
    "--set <key=value>",
    "put a value over the recipe's, such as training.learningRate=0.002; several times",
  ),
  chat: switchFlag("--chat", "afterwards, type to the model"),
  ...MODEL_FLAGS,
  ...JSON_FLAG,
}

export const speedrun = defineCommand({
  flags,
  example: "glossa speedrun --text 'src/**/*.ts' --minutes 10",
  async run({ words, flags: given, terminal }: Call<typeof flags>) {
    if (words.length > 0 && given.text.length === 0)
      throw badFlag("speedrun", "--text before files of your own", words[0], `write --text ${words[0]}`)
    const sources = [...given.text, ...words]
    const overrides = [
      ...given.set.map(readOverride),
      ...(sources.length > 0 ? [{ path: ["corpus", "sources"], value: sources }] : []),
      ...(given.minutes === undefined ? [] : [{ path: ["speedrun", "minutes"], value: given.minutes }]),
      ...(given.out === undefined ? [] : [{ path: ["output"], value: given.out }]),
      ...(given.precision === undefined ? [] : [{ path: ["training", "precision"], value: given.precision }]),
      ...(sources.length > 0 ? [{ path: ["sample", "prompt"], value: "" }] : []),
    ]
    const recipe = await loadRecipe(given.recipe ?? fileURLToPath(RECIPE), overrides)
    const result = await runSpeedrun(recipe, terminal)
    if ("stoppedAtStep" in result) {
      notice(
        terminal,
        `stopped and saved at step ${result.stoppedAtStep}; go on with: ${startingWords()} pretrain ${result.recipePath} --resume`,
      )
      process.exitCode = INTERRUPTED
      return
    }
    using language = new LanguageModel(result.model, result.tokenizer, { precision: recipe.training.precision })
    if (given.json) printJson(terminal, result.json)
    else for (const line of summaryLines(result)) printLine(terminal, line)
    if (given.chat && terminal.input.isTTY) await converse(language, { temperature: 0.8, maxNewTokens: 120 }, terminal)
  },
})
