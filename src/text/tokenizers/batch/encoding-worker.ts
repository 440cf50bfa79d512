/** One worker thread that encodes for a tokenizer, and what is said between it and the thread that started it. */
import { Worker } from "node:worker_threads"
import { GlossaError } from "../../../errors.ts"
import type { Encoding } from "../encoding.ts"
import type { EncodeInput, EncodeOptions, FullEncodeOptions, TokenizerCompanions } from "../tokenizer.ts"
import type { Chapter, EncodedShare } from "./chapters.ts"

/** What a worker is started with: the tokenizer, as text because that crosses threads fastest. */
export interface BatchSetup {
  readonly json: string
  readonly companions: TokenizerCompanions
}

/** A chapter to take shares of, or texts to encode in full; `first` is the number of the first in the batch. */
export type BatchRequest =
  | { readonly kind: "ids"; readonly chapter: Chapter; readonly options: EncodeOptions }
  | {
      readonly kind: "full"
      readonly inputs: readonly EncodeInput[]
      readonly options: FullEncodeOptions
      readonly first: number
    }

/** What a worker answers: that it is ready for work, the shares it took, whole encodings, or the fields of an error. */
export type BatchAnswer =
  | { readonly ready: true }
  | { readonly shares: readonly EncodedShare[] }
  | { readonly encodings: readonly Encoding[] }
  | { readonly code: GlossaError["code"]; readonly fields: GlossaError["fields"] }
  | { readonly fault: unknown }

export type WorkerStarter = (setup: BatchSetup) => Worker

/** One worker, asked one thing after another. It does not keep the process alive while it waits. */
export class EncodingWorker {
  /** Fulfilled once it has built its tokenizer. */
  readonly ready: Promise<unknown>
  isReady = false
  readonly #worker: Worker
  /** Who waits for an answer, in the order asked: first of all those who wait for it to be ready. */
  #waiting: { resolve(answer: BatchAnswer): void; reject(fault: unknown): void }[] = []

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on("message", (answer: BatchAnswer) => {
      this.isReady = true
      const asker = this.#waiting.shift()
      if (this.#waiting.length === 0) worker.unref()
      if ("code" in answer) asker?.reject(new GlossaError(answer.code, answer.fields))
      else if ("fault" in answer) asker?.reject(answer.fault)
      else asker?.resolve(answer)
    })
    const fail = (cause: unknown) => {
      const fields = { where: "batch encoding", wanted: "a thread that answers", came: `${cause}`, cause }
      for (const { reject } of this.#waiting.splice(0)) reject(new GlossaError("INTERNAL", fields))
    }
    worker.on("error", fail)
    worker.on("exit", (code) => {
      fail(`the end of the thread, with code ${code}`)
    })
    this.ready = new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
    // Whoever has work for it learns of a failed start; a batch that was done before then need not.
    this.ready.catch(() => {})
    worker.unref()
  }

  /** As `ready`, and keeps the process alive meanwhile. */
  async untilReady(): Promise<void> {
    if (this.#waiting.length > 0) this.#worker.ref()
    await this.ready
  }

  ask(request: BatchRequest): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#worker.ref()
      this.#worker.postMessage(request)
    })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}

/** Starts the worker beside this file; absent where this file runs as TypeScript, which threads do not inherit. */
export function workerStarter(): WorkerStarter | undefined {
  if (!import.meta.url.endsWith(".js")) return undefined
  return (workerData) => new Worker(new URL("./batch-worker.js", import.meta.url), { workerData })
}
