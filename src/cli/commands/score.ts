/** `glossa score`: the log-probability of each id but the first, given those before it. */
import { AutoModelForCausalLM } from "../../language-model.ts"
import {
  badFlag,
  type Call,
  defineCommand,
  idsFlag,
  JSON_FLAG,
  MODEL_FLAGS,
  requiredText,
  textFlag,
} from "../command.ts"
import { notice, printJson, printLine } from "../terminal.ts"

const flags = {
  model: requiredText("--model <path>", "model folder or GGUF file"),
  ids: idsFlag("--ids <ids>", "token ids, such as 1,2,3"),
  text: textFlag("--text <text>", "text, read as the tokenizer's ids"),
  ...MODEL_FLAGS,
  ...JSON_FLAG,
}

export const score = defineCommand({
  flags,
  example: "glossa score --model runs/speedrun --ids 0,335,610 --json",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const subject = given.ids ?? given.text
    if ((given.ids === undefined) === (given.text === undefined) || subject === undefined)
      throw badFlag("--ids", "either ids (--ids) or a text (--text)", given.ids === undefined ? "" : "both")
    using model = await AutoModelForCausalLM.fromPretrained(
      given.model,
      given.precision ? { precision: given.precision } : {},
    )
    for (const line of model.model.notices) notice(terminal, line)
    const logprobs = [...(await model.score(subject))]
    if (given.json) printJson(terminal, { logprobs })
    else for (const logprob of logprobs) printLine(terminal, String(logprob))
  },
})
