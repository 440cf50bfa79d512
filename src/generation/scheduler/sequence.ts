/** One request while it is served. */
import type { SequencePages } from "../cache/index.ts"
import { drawingKey, type ResolvedSettings } from "../decoding/index.ts"

/** One of the likeliest tokens at a step. */
export interface Candidate {
  readonly id: number
  /** ln of the model's own probability, nats. */
  readonly logprob: number
}

/** Why generation ended: a stop id or text (`stop`), or the most tokens or the context were reached (`length`). */
export type FinishReason = "stop" | "length"

export interface GeneratedToken {
  readonly id: number
  /** ln of the model's own probability (temperature 1, nothing cut), nats: the number that training computes. */
  readonly logprob: number
  /** The likeliest tokens here, likeliest first, when asked for. */
  readonly candidates?: readonly Candidate[]
  /** On the last token: why it is the last. */
  readonly finishReason?: FinishReason
}

export interface GenerationRequest {
  /** The prompt: at least one id, at most as many as the context. */
  readonly ids: readonly number[]
  readonly settings: ResolvedSettings
  /** When it aborts, the sequence leaves the batch and its pages return. */
  readonly signal?: AbortSignal
  /** Called with each token as it is made; answering "stop" ends the sequence there. Must not throw. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that answers nothing is the usual one
  readonly onToken?: (token: GeneratedToken) => "stop" | void
}

export interface GenerationResult {
  /** The new ids; an id that ended the text included. */
  readonly ids: readonly number[]
  /** ln of each id's probability, nats. */
  readonly logprobs: readonly number[]
  /** Of each step, when asked for. */
  readonly candidates?: readonly (readonly Candidate[])[]
  readonly finishReason: FinishReason
}

/** A sequence of the batch: its ids so far, what of them is cached, and where. */
export class ActiveSequence {
  readonly request: GenerationRequest
  /** Prompt and new ids. */
  readonly ids: number[]
  readonly tokens: GeneratedToken[] = []
  readonly key: readonly [number, number]
  /** Ids whose keys and values are in the cache; at least one fewer than `ids`. */
  cachedLength = 0
  pages: SequencePages | undefined
  /** Row of the block table, while in the batch. */
  place = -1
  ended = false
  private readonly settle: {
    readonly resolve: (result: GenerationResult) => void
    readonly reject: (error: unknown) => void
  }
  private readonly onAbort: (() => void) | undefined

  constructor(
    request: GenerationRequest,
    settle: ActiveSequence["settle"],
    onAbort: (sequence: ActiveSequence) => void,
  ) {
    this.request = request
    this.ids = [...request.ids]
    this.key = drawingKey(request.settings.seed)
    this.settle = settle
    if (request.signal) {
      this.onAbort = () => onAbort(this)
      request.signal.addEventListener("abort", this.onAbort, { once: true })
    }
  }

  /** Ids that wait to be read: the prompt's rest, or the one token made last. */
  get pending(): number {
    return this.ids.length - this.cachedLength
  }

  /** Takes the next token and says why it is the last, if it is. */
  add(
    token: GeneratedToken,
    { context, eosIds }: { readonly context: number; readonly eosIds: readonly number[] },
  ): FinishReason | undefined {
    const { settings, onToken } = this.request
    const ends = settings.stopIds.includes(token.id) || (!settings.ignoreEos && eosIds.includes(token.id))
    const isFull = this.tokens.length + 1 >= settings.maxNewTokens || this.ids.length + 1 > context
    const finishReason: FinishReason | undefined = ends ? "stop" : isFull ? "length" : undefined
    const whole: GeneratedToken = finishReason ? { ...token, finishReason } : token
    this.ids.push(token.id)
    this.tokens.push(whole)
    return onToken?.(whole) === "stop" ? "stop" : finishReason
  }

  finish(finishReason: FinishReason): void {
    this.close()
    const candidates = this.request.settings.topLogprobs > 0
    this.settle.resolve({
      ids: this.tokens.map(({ id }) => id),
      logprobs: this.tokens.map(({ logprob }) => logprob),
      ...(candidates ? { candidates: this.tokens.map((token) => token.candidates ?? []) } : {}),
      finishReason,
    })
  }

  fail(error: unknown): void {
    this.close()
    this.settle.reject(error)
  }

  private close(): void {
    this.ended = true
    if (this.onAbort) this.request.signal?.removeEventListener("abort", this.onAbort)
  }
}
