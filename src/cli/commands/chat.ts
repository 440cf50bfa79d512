/** `glossa chat`: type a beginning, the model goes on. Plain continuation: there is no chat model yet. */
import { createInterface } from "node:readline/promises"
import type { GenerateOptions } from "../../generation/index.ts"
import { AutoModelForCausalLM, type LanguageModel } from "../../language-model.ts"
import { badFlag, type Call, defineCommand, MODEL_FLAGS, requiredText } from "../command.ts"
import { notice, printLine, type Terminal } from "../terminal.ts"
import { SAMPLING_FLAGS, samplingOptions } from "./generate.ts"

const flags = { model: requiredText("--model <path>", "model folder or GGUF file"), ...SAMPLING_FLAGS, ...MODEL_FLAGS }

export const chat = defineCommand({
  flags,
  example: "glossa chat --model runs/speedrun",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    using model = await AutoModelForCausalLM.fromPretrained(
      given.model,
      given.precision ? { precision: given.precision } : {},
    )
    if (!model.tokenizer) throw badFlag("--model", "a model with a tokenizer", given.model, "use generate --prompt-ids")
    await converse(model, { temperature: 0.8, maxNewTokens: 120, ...samplingOptions(given) }, terminal)
  },
})

/** Reads lines and continues each, until the input ends. Ctrl-C stops a continuation, or the loop at an empty prompt. */
export async function converse(model: LanguageModel, options: GenerateOptions, terminal: Terminal): Promise<void> {
  const { input, output } = terminal
  notice(terminal, "Type a beginning and press Enter; the model goes on. Ctrl-D ends.")
  const lines = createInterface({ input, output, prompt: "> ", terminal: input.isTTY === true })
  let writing: AbortController | undefined
  lines.on("SIGINT", () => {
    if (writing) writing.abort()
    else lines.close()
  })
  lines.prompt()
  for await (const line of lines) {
    if (line.trim() !== "") {
      writing = new AbortController()
      await writeOn(model, line, { ...options, signal: writing.signal }, terminal)
      writing = undefined
    }
    lines.prompt()
  }
  printLine(terminal)
}

async function writeOn(model: LanguageModel, line: string, options: GenerateOptions, { output }: Terminal) {
  try {
    for await (const { text } of model.stream(line, options)) output.write(text)
  } catch (error) {
    if (!options.signal?.aborted) throw error
  }
  output.write("\n")
}
