/** Joins a model and its tokenizer: a prompt goes in, text comes out, whole or as it is made. */
import { GlossaError } from "../../errors.ts"
import type { CausalLanguageModel } from "../../models/index.ts"
import type { Tokenizer } from "../../text/index.ts"
import {
  applyDefaults,
  type GenerationSettings,
  type ModelDefaults,
  type ResolvedSettings,
  randomSeed,
  readGenerationConfig,
  resolveSettings,
} from "../decoding/index.ts"
import { type Candidate, type FinishReason, Scheduler, type SchedulerOptions, Scorer } from "../scheduler/index.ts"
import { EventStream } from "./event-stream.ts"
import { TextFollower } from "./text-follower.ts"

export interface TextGeneratorOptions extends SchedulerOptions {
  /** Without one, the generator works from ids and gives ids. */
  readonly tokenizer?: Tokenizer
  /** Gives a seed to requests that name none. Default: the system's randomness. */
  readonly newSeed?: () => number
}

/** Settings of one request. */
export interface GenerateOptions extends GenerationSettings {
  /** Ends the request when it aborts; the promise or stream then fails with CANCELLED. */
  readonly signal?: AbortSignal
}

/** What a request made. Everything is of the new tokens only. */
export interface Generated {
  /** Without special tokens and without the stop text; empty where there is no tokenizer. */
  readonly text: string
  /** An id that ended the text included. */
  readonly ids: readonly number[]
  /** ln of each id's probability under the model itself (temperature 1, nothing cut), nats. */
  readonly logprobs: readonly number[]
  /** The likeliest tokens at each step, when `topLogprobs` asked. */
  readonly candidates?: readonly (readonly Candidate[])[]
  /** `stop`: the model ended, or a stop text or id came. `length`: maxNewTokens or the context was reached. */
  readonly finishReason: FinishReason
  /** The seed that was used: asking with it again gives the same text. */
  readonly seed: number
}

/** One token of a stream. */
export interface GeneratedPiece {
  /** Text that is certain now: whole characters, nothing of a stop text; often empty, all of them joined are the text. */
  readonly text: string
  readonly id: number
  /** ln of the id's probability, nats. */
  readonly logprob: number
  readonly candidates?: readonly Candidate[]
  /** On the last piece. */
  readonly finishReason?: FinishReason
}

/**
 * Generates text. What a caller leaves open is as the model's generation_config.json says. Requests made at once are served at once, in one batch, and do not change one another.
 *
 * @example
 * using generator = new TextGenerator(model, { tokenizer })
 * const { text } = await generator.generate("The President", { maxNewTokens: 64, temperature: 0.8 })
 * for await (const { text } of generator.stream("The President")) process.stdout.write(text)
 */
export class TextGenerator {
  readonly model: CausalLanguageModel
  readonly tokenizer: Tokenizer | undefined
  private readonly options: TextGeneratorOptions
  private readonly newSeed: () => number
  private readonly defaults: ModelDefaults
  private openScheduler: Scheduler | undefined
  private openScorer: Scorer | undefined
  private disposed = false

  constructor(model: CausalLanguageModel, options: TextGeneratorOptions = {}) {
    this.model = model
    this.tokenizer = options.tokenizer
    this.options = options
    this.newSeed = options.newSeed ?? randomSeed
    this.defaults = readGenerationConfig(model.generation)
  }

  /**
   * Continues a text.
   *
   * @throws SAMPLING_INVALID, CONTEXT_EXCEEDED, CACHE_FULL, TOKENIZER_MISSING, CANCELLED
   */
  async generate(prompt: string, options: GenerateOptions = {}): Promise<Generated> {
    return this.run(this.promptIds(prompt), options)
  }

  /** Continues a text, piece by piece as it is made. Leaving the loop ends the request. Errors as `generate`. */
  stream(prompt: string, options: GenerateOptions = {}): AsyncIterableIterator<GeneratedPiece> {
    return this.streamOf(() => this.promptIds(prompt), options)
  }

  /** Continues ids. Text comes with them where there is a tokenizer. */
  async generateIds(ids: readonly number[], options: GenerateOptions = {}): Promise<Generated> {
    return this.run(ids, options)
  }

  /** Continues ids, token by token. */
  streamIds(ids: readonly number[], options: GenerateOptions = {}): AsyncIterableIterator<GeneratedPiece> {
    return this.streamOf(() => ids, options)
  }

  /**
   * ln of the probability of each id but the first, given those before it, nats.
   *
   * @param ids  at least 2, at most one more than the context
   * @throws CONTEXT_EXCEEDED, TOKEN_UNKNOWN, INPUT_INVALID
   */
  async score(ids: readonly number[]): Promise<Float32Array> {
    this.checkOpen()
    this.openScorer ??= new Scorer(this.model, this.options)
    return this.openScorer.score(ids)
  }

  /**
   * The ids that a prompt is read as: the tokenizer's, its special tokens included; for an empty prompt, the id that
   * begins a text.
   *
   * @throws TOKENIZER_MISSING; INPUT_INVALID when the prompt is empty and no id begins a text
   */
  promptIds(prompt: string): readonly number[] {
    if (!this.tokenizer) throw tokenizerMissing("prompt", "give token ids instead (generateIds, --prompt-ids)")
    const ids = this.tokenizer.encode(prompt)
    if (ids.length > 0) return ids
    const { bosId, eosIds } = this.model.description
    const first = this.tokenizer.bosId ?? bosId ?? this.tokenizer.eosId ?? eosIds[0]
    if (first === undefined)
      throw new GlossaError("INPUT_INVALID", {
        where: "prompt",
        wanted: "at least one character",
        came: "an empty text, and the model has no id that begins one",
      })
    return [first]
  }

  /** Gives the cache and the programs back; the model stays. Requests still being served fail with DISPOSED. */
  dispose(): void {
    this.disposed = true
    this.openScheduler?.dispose()
    this.openScorer?.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Serves one request, handing each piece to `onPiece` as it is made. */
  private async run(
    ids: readonly number[],
    { signal, ...settings }: GenerateOptions,
    onPiece?: (piece: GeneratedPiece) => void,
  ): Promise<Generated> {
    this.checkOpen()
    const resolved = resolveSettings(applyDefaults(settings, this.defaults.settings), this.newSeed)
    if (!this.tokenizer && resolved.stop.length > 0) throw tokenizerMissing("stop", "end at ids instead (stopIds)")
    const { tokenizer } = this
    const followsText = tokenizer !== undefined && ids.some((id) => !tokenizer.isSpecial(id))
    const follower = tokenizer && new TextFollower(tokenizer, resolved.stop, followsText)
    this.openScheduler ??= new Scheduler(this.model, this.options)
    let text = ""
    const result = await this.openScheduler.submit({
      ids,
      settings: this.withEnds(resolved),
      ...(signal ? { signal } : {}),
      onToken: (token) => {
        const piece = follower?.push(token.id, token.finishReason !== undefined) ?? { text: "", stopped: false }
        text += piece.text
        onPiece?.({ ...token, text: piece.text, ...(piece.stopped ? { finishReason: "stop" } : {}) })
        return piece.stopped ? "stop" : undefined
      },
    })
    return { text, ...result, seed: resolved.seed }
  }

  private streamOf(ids: () => readonly number[], options: GenerateOptions): AsyncIterableIterator<GeneratedPiece> {
    const leaving = new AbortController()
    const signal = options.signal ? AbortSignal.any([options.signal, leaving.signal]) : leaving.signal
    const events = new EventStream<GeneratedPiece>(() => leaving.abort())
    const serve = async (): Promise<unknown> => this.run(ids(), { ...options, signal }, (piece) => events.push(piece))
    serve().then(
      () => events.close(),
      (error) => events.fail(error),
    )
    return events
  }

  /** Beside the ids of config.json, those of generation_config.json and of the tokenizer end a text. */
  private withEnds(settings: ResolvedSettings): ResolvedSettings {
    if (settings.ignoreEos) return settings
    const eosId = this.tokenizer?.eosId
    return {
      ...settings,
      stopIds: [...settings.stopIds, ...this.defaults.eosIds, ...(eosId === undefined ? [] : [eosId])],
    }
  }

  private checkOpen(): void {
    if (this.disposed)
      throw new GlossaError("DISPOSED", { where: "generate", wanted: "an open generator", came: "a disposed one" })
  }
}

function tokenizerMissing(where: string, fix: string): GlossaError {
  return new GlossaError("TOKENIZER_MISSING", {
    where,
    wanted: "a tokenizer beside the model",
    came: "a model without one",
    fix,
  })
}
