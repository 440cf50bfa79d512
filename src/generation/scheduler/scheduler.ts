/**
 * Continuous batching: before every turn the scheduler decides which sequences take part and with how many ids, runs
 * one program over all of them, and hands out the tokens. Sequences join and leave between turns; what one gets does
 * not depend on the others, so a sequence that must give up its pages is simply read again later.
 */
import { setImmediate as nextEvents } from "node:timers/promises"
import { CACHE_PAGE, type HostArray, type PrecisionPolicy, type Program } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import type { CausalLanguageModel } from "../../models/index.ts"
import { KeyValueCache, pageBytes } from "../cache/index.ts"
import { ActiveSequence, type Candidate, type GenerationRequest, type GenerationResult } from "./sequence.ts"
import { type BatchSizes, compileTurn } from "./turn-program.ts"

/** What the cache may take when nobody says. */
const DEFAULT_CACHE_BYTES = 2 ** 30

export interface SchedulerOptions {
  /** Most sequences at once. Default 8. */
  readonly maxSequences?: number
  /** Most rows of a turn in which prompts are read. Default 256. */
  readonly prefillRows?: number
  /** Pages of 64 positions in the cache. Default: a whole context for each sequence, within 1 GiB. */
  readonly cachePages?: number
  readonly precision?: PrecisionPolicy
}

/** A sequence's share of a turn: its next `count` ids. */
interface Share {
  readonly sequence: ActiveSequence
  readonly count: number
}

/**
 * Serves many requests at once.
 *
 * @example
 * using scheduler = new Scheduler(model)
 * const { ids } = await scheduler.submit({ ids: [1, 2, 3], settings: resolveSettings({}, randomSeed) })
 */
export class Scheduler {
  readonly cache: KeyValueCache
  private readonly model: CausalLanguageModel
  private readonly sizes: BatchSizes
  private readonly programs = new Map<string, Program>()
  private readonly waiting: ActiveSequence[] = []
  /** Sequences of the batch, the one that joined first in front. */
  private readonly active: ActiveSequence[] = []
  private readonly freePlaces: number[]
  private readonly blockTable: Int32Array
  private preemptions = 0
  private turning = false
  private disposed = false

  constructor(model: CausalLanguageModel, options: SchedulerOptions = {}) {
    const { maxSequences = 8, prefillRows = 256, precision = "auto" } = options
    for (const [where, value] of Object.entries({ maxSequences, prefillRows, cachePages: options.cachePages ?? 1 }))
      if (!Number.isInteger(value) || value < 1)
        throw new GlossaError("SAMPLING_INVALID", { where, wanted: "a whole number from 1", came: String(value) })
    const { executor } = model.store
    const resolved = executor.resolvePrecision(precision)
    const contextBlocks = Math.ceil(model.description.context / CACHE_PAGE)
    const affordable = Math.max(1, Math.floor(DEFAULT_CACHE_BYTES / pageBytes(model.description, resolved)))
    const pages = options.cachePages ?? Math.min(maxSequences * contextBlocks, affordable)
    this.model = model
    this.cache = new KeyValueCache(model.description, { executor, precision: resolved, pages })
    this.sizes = {
      sequences: maxSequences,
      blocks: Math.min(contextBlocks, pages),
      prefillRows: Math.max(prefillRows, maxSequences),
    }
    this.freePlaces = Array.from({ length: maxSequences }, (_, index) => maxSequences - 1 - index)
    this.blockTable = new Int32Array(maxSequences * this.sizes.blocks)
  }

  /** Sequences in the batch now. */
  get activeCount(): number {
    return this.active.length
  }
  /** Sequences that wait for a place or for pages. */
  get waitingCount(): number {
    return this.waiting.length
  }
  /** How often a sequence gave its pages up to one that came before it, to be read again later. */
  get preemptedCount(): number {
    return this.preemptions
  }

  /**
   * Generates from a prompt; may be called while others are served.
   *
   * @throws CONTEXT_EXCEEDED, TOKEN_UNKNOWN, INPUT_INVALID for the prompt; CACHE_FULL when it could never fit;
   *         CANCELLED when its signal aborts; DISPOSED
   */
  async submit(request: GenerationRequest): Promise<GenerationResult> {
    this.check(request)
    return new Promise((resolve, reject) => {
      const drop = (sequence: ActiveSequence): void => this.remove(sequence, cancelled(request.signal))
      this.waiting.push(new ActiveSequence(request, { resolve, reject }, drop))
      // After this task's other calls, so that requests made together are served together.
      queueMicrotask(() => void this.turnUntilIdle())
    })
  }

  dispose(): void {
    if (this.disposed) return
    this.disposed = true
    for (const sequence of [...this.active, ...this.waiting]) this.remove(sequence, disposedFault())
    if (!this.turning) this.release()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  private check({ ids, settings, signal }: GenerationRequest): void {
    const { context, vocabularySize } = this.model.description
    if (this.disposed) throw disposedFault()
    if (signal?.aborted) throw cancelled(signal)
    checkIds(ids, { vocabularySize, minimum: 1, maximum: context, context })
    if (settings.topLogprobs > vocabularySize)
      throw new GlossaError("SAMPLING_INVALID", {
        where: "topLogprobs",
        wanted: `at most the vocabulary, ${vocabularySize}`,
        came: String(settings.topLogprobs),
      })
    const longest = Math.min(context, ids.length + settings.maxNewTokens - 1)
    const pages = Math.ceil(longest / CACHE_PAGE)
    if (pages > this.cache.allocator.capacity)
      throw new GlossaError("CACHE_FULL", {
        where: "prompt",
        wanted: `a prompt and new tokens that fit ${this.cache.allocator.capacity} pages of ${CACHE_PAGE} positions`,
        came: `${ids.length} ids and up to ${settings.maxNewTokens} new ones, ${pages} pages`,
        fix: "ask for fewer tokens, or make the cache larger (cachePages)",
      })
  }

  private async turnUntilIdle(): Promise<void> {
    if (this.turning || this.disposed) return
    this.turning = true
    try {
      for (let turn = this.planTurn(); turn.length > 0; turn = this.planTurn()) {
        try {
          await this.runTurn(turn)
        } catch (error) {
          for (const { sequence } of turn) this.remove(sequence, error)
        }
        await nextEvents() // an executor that never waits would otherwise keep abort signals from being heard
      }
    } finally {
      this.turning = false
      if (this.disposed) this.release()
    }
  }

  private release(): void {
    for (const program of this.programs.values()) program.dispose()
    this.cache.dispose()
  }

  /** Who takes part in the next turn, with how many ids. Every page they need is theirs when this returns. */
  private planTurn(): Share[] {
    this.admit()
    const decoding = this.active.filter(({ pending }) => pending === 1).length
    let prefillRows = this.sizes.prefillRows - decoding
    const shares: Share[] = []
    for (let index = 0; index < this.active.length; index++) {
      const sequence = this.active[index]
      const count = sequence.pending === 1 ? 1 : Math.min(sequence.pending, prefillRows)
      if (count === 0) continue
      if (!this.reserve(sequence, sequence.cachedLength + count)) break
      if (sequence.pending > 1) prefillRows -= count
      shares.push({ sequence, count })
    }
    return shares
  }

  /** Lets waiting sequences join while there is a place, and pages for what they have to read. */
  private admit(): void {
    for (let sequence = this.waiting[0]; sequence; sequence = this.waiting[0]) {
      const pages = sequence.pages ?? this.cache.openSequence()
      if (this.freePlaces.length === 0 || pages.missing(sequence.ids.length) > this.cache.allocator.free) return
      this.waiting.shift()
      sequence.pages = pages
      sequence.place = this.freePlaces.pop() as number
      this.active.push(sequence)
    }
  }

  /** Takes pages for `length` positions; while there are too few, the sequences that joined last give theirs up. */
  private reserve(sequence: ActiveSequence, length: number): boolean {
    const { pages } = sequence
    if (!pages) return false
    while (pages.missing(length) > this.cache.allocator.free) {
      const last = this.active[this.active.length - 1]
      this.leaveBatch(last)
      last.cachedLength = 0
      this.preemptions++
      this.waiting.unshift(last)
      if (last === sequence) return false
    }
    pages.reserve(length)
    const { blocks } = this.sizes
    pages.writeBlocks(this.blockTable.subarray(sequence.place * blocks, (sequence.place + 1) * blocks))
    return true
  }

  private async runTurn(turn: readonly Share[]): Promise<void> {
    const kind = turn.every(({ sequence }) => sequence.pending === 1) ? "decode" : "prefill"
    const drawing = turn.filter(({ sequence, count }) => count === sequence.pending)
    const asked = Math.max(0, ...drawing.map(({ sequence }) => sequence.request.settings.topLogprobs))
    const outputs = await this.program(kind, asked).run({
      ...this.rowInputs(turn),
      ...(kind === "prefill" ? { drawRows: this.drawRows(turn) } : {}),
      ...drawInputs(drawing, kind === "prefill" ? this.sizes.sequences : drawing.length),
    })
    for (const { sequence, count } of turn) if (!sequence.ended) sequence.cachedLength += count
    drawing.forEach(({ sequence }, index) => {
      if (sequence.ended) return
      const { topLogprobs } = sequence.request.settings
      const token = {
        id: outputs["ids"][index],
        logprob: outputs["logProbabilities"][index],
        ...(topLogprobs > 0 ? { candidates: candidatesOf(outputs, index, topLogprobs) } : {}),
      }
      const finishReason = sequence.add(token, this.model.description)
      if (!finishReason) return
      this.leaveBatch(sequence)
      sequence.finish(finishReason)
    })
  }

  /** The program of a kind of turn, compiled when first needed. Counts of candidates share programs in steps of two. */
  private program(kind: "prefill" | "decode", asked: number): Program {
    const rounded = asked > 0 ? 2 ** Math.ceil(Math.log2(asked)) : 0
    const candidates = Math.min(rounded, this.model.description.vocabularySize)
    const key = `${kind} ${candidates}`
    let program = this.programs.get(key)
    if (!program) {
      program = compileTurn(this.model, this.cache, { ...this.sizes, kind, candidates })
      this.programs.set(key, program)
    }
    return program
  }

  private rowInputs(turn: readonly Share[]): Record<string, Int32Array> {
    const total = turn.reduce((sum, { count }) => sum + count, 0)
    const [tokens, positions, slots, sequences] = Array.from({ length: 4 }, () => new Int32Array(total))
    let row = 0
    for (const { sequence, count } of turn)
      for (let position = sequence.cachedLength; position < sequence.cachedLength + count; position++, row++) {
        tokens[row] = sequence.ids[position]
        positions[row] = position
        slots[row] = sequence.pages?.slotOf(position) as number
        sequences[row] = sequence.place
      }
    return { tokens, positions, slots, sequences, blockTable: this.blockTable }
  }

  /** The last row of each sequence that has no more to read; places beyond them draw from row 0 and are not looked at. */
  private drawRows(turn: readonly Share[]): Int32Array {
    const chosen = new Int32Array(this.sizes.sequences)
    let row = 0
    let place = 0
    for (const { sequence, count } of turn) {
      row += count
      if (count === sequence.pending) chosen[place++] = row - 1
    }
    return chosen
  }

  /** Takes a sequence out of the batch; its pages and its place are free at once, since runs happen in order. */
  private leaveBatch(sequence: ActiveSequence): void {
    const index = this.active.indexOf(sequence)
    if (index < 0) return
    this.active.splice(index, 1)
    this.freePlaces.push(sequence.place)
    sequence.place = -1
    sequence.pages?.release()
  }

  private remove(sequence: ActiveSequence, error: unknown): void {
    if (sequence.ended) return
    this.leaveBatch(sequence)
    const index = this.waiting.indexOf(sequence)
    if (index >= 0) this.waiting.splice(index, 1)
    sequence.fail(error)
    // What it held may be what another waits for.
    queueMicrotask(() => void this.turnUntilIdle())
  }
}

/**
 * Checks ids that a model is to read.
 *
 * @throws INPUT_INVALID when there are too few, CONTEXT_EXCEEDED when too many, TOKEN_UNKNOWN outside the vocabulary
 */
export function checkIds(
  ids: readonly number[],
  limits: {
    readonly vocabularySize: number
    readonly minimum: number
    readonly maximum: number
    readonly context: number
  },
): void {
  if (ids.length < limits.minimum)
    throw new GlossaError("INPUT_INVALID", {
      where: "prompt",
      wanted: `at least ${limits.minimum} token ids`,
      came: `${ids.length}`,
    })
  if (ids.length > limits.maximum)
    throw new GlossaError("CONTEXT_EXCEEDED", {
      where: "prompt",
      wanted: `at most ${limits.maximum} token ids (the model's context is ${limits.context})`,
      came: `${ids.length}`,
      fix: "shorten it",
    })
  const stranger = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= limits.vocabularySize)
  if (stranger !== undefined)
    throw new GlossaError("TOKEN_UNKNOWN", {
      where: "prompt",
      wanted: `ids from 0 to ${limits.vocabularySize - 1}`,
      came: String(stranger),
    })
}

/** What `sample` wants, one place a draw; places beyond the draws take the likeliest. */
function drawInputs(drawing: readonly Share[], places: number): Record<string, HostArray> {
  const inputs = {
    temperature: new Float32Array(places),
    topK: new Int32Array(places),
    topP: new Float32Array(places).fill(1),
    minP: new Float32Array(places),
    seeds: new Int32Array(2 * places),
    counters: new Int32Array(places),
  }
  drawing.forEach(({ sequence }, index) => {
    const { settings } = sequence.request
    inputs.temperature[index] = settings.temperature
    inputs.topK[index] = settings.topK
    inputs.topP[index] = settings.topP
    inputs.minP[index] = settings.minP
    inputs.seeds.set(sequence.key, 2 * index)
    inputs.counters[index] = sequence.ids.length
  })
  return inputs
}

function candidatesOf(outputs: Record<string, HostArray>, index: number, count: number): Candidate[] {
  const perDraw = outputs["candidateIds"].length / outputs["ids"].length
  return Array.from({ length: count }, (_, place) => ({
    id: outputs["candidateIds"][index * perDraw + place],
    logprob: outputs["candidateLogProbabilities"][index * perDraw + place],
  }))
}

function cancelled(signal: AbortSignal | undefined): GlossaError {
  return new GlossaError("CANCELLED", {
    where: "generate",
    wanted: "to finish",
    came: "an abort signal",
    cause: signal?.reason,
  })
}

function disposedFault(): GlossaError {
  return new GlossaError("DISPOSED", { where: "generate", wanted: "an open generator", came: "a disposed one" })
}
