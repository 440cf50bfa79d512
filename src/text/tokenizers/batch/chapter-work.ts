/**
 * The work on the ids of one batch. The calling thread encodes texts as they are and writes others into chapters, always
 * some ahead of the workers; when all texts are taken or in chapters, it takes shares of these too.
 */
import type { PackedStretch } from "../packed-ids.ts"
import type { EncodeOptions } from "../tokenizer.ts"
import {
  type Chapter,
  type ChapterMemory,
  chapterOf,
  chapterRange,
  shareRange,
  sharesLeft,
  stretchOfShare,
  type TextRange,
  takeShare,
} from "./chapters.ts"
import type { EncodingWorker } from "./encoding-worker.ts"

/** Shares a worker that are open at the least, so that none waits while the calling thread encodes. */
const SHARES_AHEAD = 8

export class ChapterWork {
  readonly #inputs: readonly (string | Uint8Array)[]
  readonly #memory: ChapterMemory
  readonly #options: EncodeOptions
  readonly #take: (stretch: PackedStretch) => void
  readonly #workers: EncodingWorker[] = []
  /** The first text that is neither in a chapter nor taken. */
  #next = 0
  /** Chapters that may have shares left. */
  #open: Chapter[] = []
  readonly #answers: Promise<unknown>[] = []
  #fault: { readonly cause: unknown } | undefined

  constructor(
    inputs: readonly (string | Uint8Array)[],
    memory: ChapterMemory,
    options: EncodeOptions,
    take: (stretch: PackedStretch) => void,
  ) {
    this.#inputs = inputs
    this.#memory = memory
    this.#options = options
    this.#take = take
  }

  /** Has a worker take part, in the chapters that are opened from when it is ready. */
  join(worker: EncodingWorker): void {
    if (worker.isReady) this.#workers.push(worker)
    else worker.ready.then(() => this.#workers.push(worker)).catch((cause) => this.#fail(cause))
  }

  /** The texts that this thread is to encode next; undefined when all are taken. */
  next(): TextRange | undefined {
    this.#keepAhead()
    if (this.#next < this.#inputs.length) {
      const range = shareRange(this.#inputs, this.#next)
      this.#next = range.to
      return range
    }
    for (const chapter of this.#open) {
      const share = takeShare(chapter)
      if (share) return { from: chapter.first + share.from, to: chapter.first + share.to }
    }
    return undefined
  }

  throwFault(): void {
    if (this.#fault) throw this.#fault.cause
  }

  /** Waits for what workers still do. */
  async end(): Promise<void> {
    await Promise.all(this.#answers)
    this.throwFault()
  }

  #keepAhead(): void {
    this.#open = this.#open.filter((chapter) => sharesLeft(chapter) > 0)
    let left = this.#open.reduce((sum, chapter) => sum + sharesLeft(chapter), 0)
    while (left < SHARES_AHEAD * this.#workers.length && this.#next < this.#inputs.length)
      left += sharesLeft(this.#openOne())
  }

  #openOne(): Chapter {
    const range = chapterRange(this.#inputs, this.#next)
    this.#next = range.to
    const chapter = chapterOf(this.#inputs, range, this.#memory)
    this.#open.push(chapter)
    const answers = Promise.all(this.#workers.map((worker) => this.#ask(worker, chapter)))
    this.#answers.push(answers.then(() => this.#memory.give(chapter)))
    return chapter
  }

  async #ask(worker: EncodingWorker, chapter: Chapter): Promise<void> {
    try {
      const answer = await worker.ask({ kind: "ids", chapter, options: this.#options })
      if ("shares" in answer) for (const share of answer.shares) this.#take(stretchOfShare(chapter, share))
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #fail(cause: unknown): void {
    this.#fault ??= { cause }
  }
}
