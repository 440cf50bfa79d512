/** `glossa bench generate`: prompt processing and decoding speed, measured and printed as the llama.cpp peer does. */
import { basename } from "node:path"
import { CACHE_PAGE, defaultExecutor } from "../../engine/index.ts"
import { resolveSettings, Scheduler } from "../../generation/index.ts"
import { CausalLanguageModel } from "../../models/index.ts"
import { badFlag, type Call, defineCommand, JSON_FLAG, MODEL_FLAGS, requiredText, wholeFlag } from "../command.ts"
import { median } from "../median.ts"
import { notice, printJson, printLine } from "../terminal.ts"

/** The first round warms up; the median of the others counts. */
const ROUNDS = 4
/** Rows of a turn in which prompts are read: the peer's batch size. */
const PREFILL_ROWS = 512

const flags = {
  model: requiredText("--model <path>", "model folder or GGUF file"),
  promptTokens: wholeFlag("--prompt-tokens <count>", "ids that each sequence reads (512)", 1),
  newTokens: wholeFlag("--new-tokens <count>", "ids that each sequence then writes (128)", 1),
  sequences: wholeFlag("--sequences <count>", "sequences served at once (1)", 1),
  ...MODEL_FLAGS,
  ...JSON_FLAG,
}

export const benchGenerate = defineCommand({
  flags,
  example: "glossa bench generate --model speedrun.gguf --prompt-tokens 512 --new-tokens 128 --sequences 8 --json",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const { promptTokens = 512, newTokens = 128, sequences = 1, precision } = given
    using model = await CausalLanguageModel.load(given.model)
    for (const line of model.notices) notice(terminal, line)
    const { context, vocabularySize } = model.description
    // While the last prompts are read, the first sequences write already.
    const longest = promptTokens + newTokens + Math.ceil((sequences * promptTokens) / PREFILL_ROWS) + 1
    if (longest > context)
      throw badFlag("--prompt-tokens", `prompt and new tokens within the context, ${context}`, `${longest} together`)
    using scheduler = new Scheduler(model, {
      maxSequences: sequences,
      prefillRows: PREFILL_ROWS,
      cachePages: sequences * Math.ceil(longest / CACHE_PAGE),
      ...(precision ? { precision } : {}),
    })
    const work = { prompt: peerPrompt(promptTokens, vocabularySize), newTokens, sequences, longest }
    const rounds: Round[] = []
    for (let round = 0; round < ROUNDS; round++) rounds.push(await runRound(scheduler, work))
    const counted = rounds.slice(1)
    const result = {
      peer: "glossa",
      file: basename(given.model),
      threads: defaultExecutor().threads,
      sequences,
      prefill_tokens_per_s: toTenths(median(counted.map(({ prefill }) => prefill))),
      decode_tokens_per_s: toTenths(median(counted.map(({ decode }) => decode))),
    }
    if (given.json) printJson(terminal, result)
    else
      printLine(
        terminal,
        `${result.file}, ${sequences} sequences: prompts ${result.prefill_tokens_per_s} tokens/s, ` +
          `new ${result.decode_tokens_per_s} tokens/s`,
      )
  },
})

interface Work {
  readonly prompt: readonly number[]
  readonly newTokens: number
  readonly sequences: number
  /** Positions that a sequence may reach. */
  readonly longest: number
}

/** Tokens per second of all sequences together. */
interface Round {
  readonly prefill: number
  readonly decode: number
}

/**
 * Every sequence reads the prompt; when each has its first token, the prompts' time ends. The clock of decoding then runs
 * while all of them together write `newTokens` each; those that began early have tokens to spare, so that all take part.
 */
async function runRound(scheduler: Scheduler, { prompt, newTokens, sequences, longest }: Work): Promise<Round> {
  const enough = new AbortController()
  const settings = resolveSettings({ temperature: 0, ignoreEos: true, maxNewTokens: longest - prompt.length }, () => 0)
  const start = performance.now()
  let [begun, written, readAt, writtenAt] = [0, 0, 0, 0]
  const serve = () => {
    let isFirst = true
    const onToken = (): void => {
      if (readAt > 0 && ++written === sequences * newTokens) {
        writtenAt = performance.now()
        enough.abort()
      }
      if (isFirst && ++begun === sequences) readAt = performance.now()
      isFirst = false
    }
    return scheduler.submit({ ids: prompt, settings, signal: enough.signal, onToken })
  }
  const served = Array.from({ length: sequences }, serve)
  for (const outcome of await Promise.allSettled(served))
    if (outcome.status === "rejected" && !enough.signal.aborted) throw outcome.reason
  return {
    prefill: (1000 * sequences * prompt.length) / (readAt - start),
    decode: (1000 * sequences * newTokens) / (writtenAt - readAt),
  }
}

/** The peer's ids, spread over the vocabulary. */
function peerPrompt(length: number, vocabularySize: number): number[] {
  return Array.from({ length }, (_, index) => (300 + ((index * 7919) % 20_000)) % vocabularySize)
}

function toTenths(value: number): number {
  return Math.round(value * 10) / 10
}
