/** `glossa generate`: continues a prompt, streamed to the terminal or as one JSON object. */
import {
  applyDefaults,
  type GenerateOptions,
  type ResolvedSettings,
  randomSeed,
  readGenerationConfig,
  resolveSettings,
} from "../../generation/index.ts"
import { AutoModelForCausalLM } from "../../language-model.ts"
import type { CausalLanguageModel } from "../../models/index.ts"
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
    const asked = samplingOptions(given)
    const { seed, temperature, topK, topP, minP } = settingsFor(model.model, asked)
    const options = { ...asked, ...(temperature > 0 ? { seed } : {}), signal: interruption.signal }
    if (given.json) {
      const { text, ids, logprobs, finishReason } = await model.generate(prompt, options)
      const drawn = { temperature, top_k: topK, top_p: topP, min_p: minP, seed }
      printJson(terminal, { text, ids, logprobs, finish_reason: finishReason, ...drawn })
    } else {
      let isTold = false
      for await (const piece of model.stream(prompt, options)) {
        // Not before it is certain that the prompt can be continued: a fault is one line.
        if (!isTold) notice(terminal, describeDrawing({ seed, temperature, topK, topP, minP }))
        isTold = true
        terminal.output.write(model.tokenizer ? piece.text : `${piece.id} `)
      }
      printLine(terminal)
    }
    interruption.release()
  },
})

type Drawing = Pick<ResolvedSettings, "seed" | "temperature" | "topK" | "topP" | "minP">

/** What is asked for over what the model's generation_config.json says. */
function settingsFor({ generation }: CausalLanguageModel, asked: GenerateOptions): Drawing {
  return resolveSettings(applyDefaults(asked, readGenerationConfig(generation).settings), randomSeed)
}

/** How tokens are chosen, in the words of the flags. */
export function describeDrawing({ seed, temperature, topK, topP, minP }: Drawing): string {
  if (temperature === 0) return "taking the likeliest token each time; --temperature 0.8 draws"
  const cuts = [
    ...(topK > 0 ? [`--top-k ${topK}`] : []),
    ...(topP < 1 ? [`--top-p ${topP}`] : []),
    ...(minP > 0 ? [`min_p ${minP}`] : []),
  ]
  return `drawing with ${[`--temperature ${temperature}`, ...cuts, `--seed ${seed}`].join(" ")}`
}
