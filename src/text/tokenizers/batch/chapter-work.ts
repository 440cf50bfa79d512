/** The work on the ids of one batch: which chapters of it are open, who takes part, and what has yet to come back. */
import type { PackedStretch } from "../packed-ids.ts"
import type { EncodeOptions } from "../tokenizer.ts"
import type { Chapter, ChapterMemory } from "./chapters.ts"
import type { EncodingWorker } from "./encoding-worker.ts"

export class ChapterWork {
  readonly #chapters: Iterator<Chapter>
  readonly #memory: ChapterMemory
  readonly #options: EncodeOptions
  readonly #take: (stretch: PackedStretch) => void
  readonly #workers: EncodingWorker[] = []
  /** The chapter that this thread is at and the one after it, each with who has yet to answer for it. */
  readonly #open: { readonly chapter: Chapter; readonly answers: Promise<void>[] }[] = []
  readonly #answers: Promise<unknown>[] = []
  #fault: { readonly cause: unknown } | undefined
  #began = false

  constructor(
    chapters: Iterator<Chapter>,
    memory: ChapterMemory,
    options: EncodeOptions,
    take: (stretch: PackedStretch) => void,
  ) {
    this.#chapters = chapters
    this.#memory = memory
    this.#options = options
    this.#take = take
    this.#openOne()
  }

  /** Has a worker take part, from when it is ready. */
  join(worker: EncodingWorker): void {
    const begin = () => {
      this.#workers.push(worker)
      for (const open of this.#open) open.answers.push(this.#ask(worker, open.chapter))
    }
    if (worker.isReady) begin()
    else worker.ready.then(begin).catch((cause) => this.#fail(cause))
  }

  /** The next chapter for this thread; the one after it is opened as well, so that no worker waits for it. */
  next(): Chapter | undefined {
    if (this.#began) this.#leaveOne()
    this.#began = true
    this.#openOne()
    return this.#open[0]?.chapter
  }

  throwFault(): void {
    if (this.#fault) throw this.#fault.cause
  }

  /** Waits for what workers still do. */
  async end(): Promise<void> {
    await Promise.all(this.#answers)
    this.throwFault()
  }

  #openOne(): void {
    const { value: chapter, done } = this.#chapters.next()
    if (done) return
    this.#open.push({ chapter, answers: this.#workers.map((worker) => this.#ask(worker, chapter)) })
  }

  /** All shares of the first chapter are taken; its memory is free when those who have some are done. */
  #leaveOne(): void {
    const left = this.#open.shift()
    if (left) this.#answers.push(Promise.all(left.answers).then(() => this.#memory.give(left.chapter.units)))
  }

  async #ask(worker: EncodingWorker, chapter: Chapter): Promise<void> {
    try {
      const answer = await worker.ask({ kind: "ids", chapter, options: this.#options })
      if ("stretches" in answer) for (const stretch of answer.stretches) this.#take(stretch)
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #fail(cause: unknown): void {
    this.#fault ??= { cause }
  }
}
