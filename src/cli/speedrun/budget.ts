/** What fits into the time: pure functions from measured speed to sizes. All seconds are wall time. */
import type { SpeedrunSettings } from "../../recipes/index.ts"

/** Part of the minutes that is planned for; the rest is for what nobody foresees. */
const PLANNED_SHARE = 0.93
/** Bytes that a token spells, about, before a tokenizer is there to tell. */
const BYTES_PER_TOKEN = 3.5

/** How fast a machine goes, from a first probe with a model of nothing. */
export interface MachineSpeed {
  /** Floating-point operations a second that training got out of it, at 6 a parameter and token. */
  readonly trainingFlops: number
}

/** Sizes that must be known before the tokenizer is trained. */
export interface TextBudget {
  readonly vocabularySize: number
  readonly context: number
  /** Most text that the tokenizer learns from. */
  readonly tokenizerBytes: number
  /** Most held-out text that final weights and baselines are measured on. */
  readonly heldOutBytes: number
  /** Most training text that brotli reads before the held-out text. */
  readonly brotliContextBytes: number
  /** Most training text that the n-gram model counts. */
  readonly ngramBytes: number
}

/** Seconds from the process's start by which everything should be done. */
export function plannedEnd(minutes: number): number {
  return minutes * 60 * PLANNED_SHARE
}

/** What text to use how much of. Fast machines with minutes to spare use all of it. */
export function planText(
  { trainingFlops }: MachineSpeed,
  {
    seconds,
    trainingBytes,
    vocabularySize,
    context,
  }: {
    readonly seconds: number
    readonly trainingBytes: number
    /** Wanted; less where text or time is short. */
    readonly vocabularySize: number
    readonly context: number
  },
): TextBudget {
  // Tokens that a model of as many parameters could read in the time: 6 · n · n = operations.
  const reach = Math.sqrt((trainingFlops * seconds) / 6)
  const affordable = powerBelow(Math.min(trainingBytes / 128, reach / 400))
  return {
    vocabularySize: Math.min(vocabularySize, Math.max(320, affordable)),
    context: Math.min(context, Math.max(32, powerBelow(Math.min(reach / 500, trainingBytes / BYTES_PER_TOKEN / 16)))),
    tokenizerBytes: Math.round(seconds * 60_000),
    heldOutBytes: Math.max(2_000, Math.round(0.25 * reach * BYTES_PER_TOKEN)),
    brotliContextBytes: Math.round(Math.min(4_000_000, seconds * 13_500)),
    ngramBytes: Math.round(seconds * 45_000),
  }
}

/** Tokens of a step: small enough for about as many steps as wanted, whole rows, at most the recipe's. */
export function planBatch(
  tokens: number,
  { steps, context, most }: { readonly steps: number; readonly context: number; readonly most: number },
): number {
  const rows = Math.min(Math.floor(most / context), Math.round(tokens / steps / context))
  return Math.max(1, rows) * context
}

/** What a model of some depth could read in the time. */
export interface Candidate {
  readonly depth: number
  readonly parameters: number
  readonly tokensPerSecond: number
  readonly evaluationTokensPerSecond: number
}

/** Tokens that a model reads in the time, and not more passes over the text than make sense. */
export function readableTokens(
  tokensPerSecond: number,
  { seconds, corpusTokens, maximumEpochs }: { seconds: number; corpusTokens: number; maximumEpochs: number },
): number {
  return Math.min(tokensPerSecond * seconds, maximumEpochs * corpusTokens)
}

/**
 * The largest depth that reads enough tokens in the time, found by measuring few of them; the smallest where none does.
 *
 * @param measure  really trains a few steps of that depth
 */
export async function chooseDepth(
  measure: (depth: number) => Promise<Candidate>,
  { depths, tokensPerParameter }: Pick<SpeedrunSettings, "depths" | "tokensPerParameter">,
  {
    machine,
    parametersOf,
    seconds,
    corpusTokens,
    maximumEpochs,
  }: {
    readonly machine: MachineSpeed
    readonly parametersOf: (depth: number) => number
    readonly seconds: number
    readonly corpusTokens: number
    readonly maximumEpochs: number
  },
): Promise<Candidate> {
  const rising = [...new Set(depths)].sort((left, right) => left - right)
  const reads = (tokensPerSecond: number) => readableTokens(tokensPerSecond, { seconds, corpusTokens, maximumEpochs })
  const suits = ({ parameters, tokensPerSecond }: Candidate): boolean =>
    reads(tokensPerSecond) >= tokensPerParameter * parameters
  const looksSuited = (depth: number): boolean => {
    const parameters = parametersOf(depth)
    return reads(machine.trainingFlops / (6 * parameters)) >= tokensPerParameter * parameters
  }
  let index = Math.max(0, rising.findLastIndex(looksSuited))
  let found = await measure(rising[index])
  if (suits(found))
    while (index + 1 < rising.length) {
      const next = await measure(rising[index + 1])
      if (!suits(next)) break
      found = next
      index++
    }
  else while (index > 0 && !suits(found)) found = await measure(rising[--index])
  return found
}

function powerBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, value)))
}
