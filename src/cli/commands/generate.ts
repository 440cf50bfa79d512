/** `glossa generate`: continues a prompt, streamed to the terminal or as one JSON object. */
import type { GenerateOptions } from "../../generation/index.ts"
import { AutoModelForCausalLM } from "../../language-model.ts"
import {
  badFlag,
  type Call,
  defineCommand,
  type FlagValues,
  idsFlag,
  JSON_FLAG,
  MODEL_FLAGS,
  numberFlag,
  requiredText,
  textFlag,
  textsFlag,
  wholeFlag,
} from "../command.ts"
import { notice, printJson, printLine } from "../terminal.ts"

/** Flags of commands that write text. */
export const SAMPLING_FLAGS = {
  maxTokens: wholeFlag("--max-tokens <count>", "most tokens to write (256)", 1),
  temperature: numberFlag("--temperature <number>", "what logits are divided by; 0 takes the likeliest token", {
    minimum: 0,
    wanted: "a number from 0",
  }),
  topK: wholeFlag("--top-k <count>", "draw among so many of the likeliest tokens; 0 for all", 0),
  topP: numberFlag("--top-p <share>", "draw among the fewest tokens that reach this probability", {
    minimum: 0,
    maximum: 1,
    wanted: "a number from 0 to 1",
  }),
  seed: wholeFlag("--seed <number>", "the same seed gives the same text", 0),
  stop: textsFlag("--stop <text>", "end at this text; may be given several times"),
}

/** Sampling flags as settings of generation. */
export function samplingOptions(flags: FlagValues<typeof SAMPLING_FLAGS>): GenerateOptions {
  const { maxTokens, temperature, topK, topP, seed, stop } = flags
  return {
    ...(maxTokens === undefined ? {} : { maxNewTokens: maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop.length > 0 ? { stop: [...stop] } : {}),
  }
}

const flags = {
  model: requiredText("--model <path>", "model folder or GGUF file"),
  prompt: textFlag("--prompt <text>", "text to continue"),
  promptIds: idsFlag("--prompt-ids <ids>", "token ids to continue, such as 1,2,3"),
  ...SAMPLING_FLAGS,
  ...MODEL_FLAGS,
  ...JSON_FLAG,
}

export const generate = defineCommand({
  flags,
  example: 'glossa generate --model runs/speedrun --prompt "The people" --max-tokens 60 --temperature 0.8 --seed 1',
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const prompt = given.promptIds ?? given.prompt
    if ((given.promptIds === undefined) === (given.prompt === undefined) || prompt === undefined)
      throw badFlag(
        "--prompt",
        "either a text (--prompt) or ids (--prompt-ids)",
        given.prompt === undefined ? "" : "both",
      )
    const interruption = terminal.onInterrupt("stopping")
    using model = await AutoModelForCausalLM.fromPretrained(
      given.model,
      given.precision ? { precision: given.precision } : {},
    )
    for (const line of model.model.notices) notice(terminal, line)
    const options = { ...samplingOptions(given), signal: interruption.signal }
    if (given.json) {
      const { text, ids, logprobs, finishReason, seed } = await model.generate(prompt, options)
      printJson(terminal, { text, ids, logprobs, finish_reason: finishReason, seed })
    } else {
      for await (const piece of model.stream(prompt, options))
        terminal.output.write(model.tokenizer ? piece.text : `${piece.id} `)
      printLine(terminal)
    }
    interruption.release()
  },
})
