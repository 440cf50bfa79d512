/**
 * Many texts at once, over worker threads: each thread is given the tokenizer's JSON once and then texts in shares; what
 * comes back is what one thread would give, in the order of the texts.
 */
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { GlossaError } from "../../../errors.ts"
import type { Encoding } from "../encoding.ts"
import type { EncodeInput, EncodeOptions, FullEncodeOptions, TokenizerCompanions, TokenizerJson } from "../tokenizer.ts"

/** What a thread is started with: the tokenizer, as text because that crosses threads fastest. */
export interface BatchSetup {
  readonly json: string
  readonly companions: TokenizerCompanions
}

/** One share of a batch. */
export type BatchRequest =
  | {
      readonly kind: "ids"
      readonly inputs: readonly (string | Uint8Array)[]
      readonly options: EncodeOptions
      readonly first: number
    }
  | {
      readonly kind: "full"
      readonly inputs: readonly EncodeInput[]
      readonly options: FullEncodeOptions
      readonly first: number
    }

/** What a thread answers: all ids in a row and how many each text has, whole encodings, or the fields of an error. */
export type BatchAnswer =
  | { readonly ids: Int32Array; readonly counts: Int32Array }
  | { readonly encodings: readonly Encoding[] }
  | { readonly code: GlossaError["code"]; readonly fields: GlossaError["fields"] }
  | { readonly fault: unknown }

export type WorkerStarter = (setup: BatchSetup) => Worker

/** UTF-16 units or bytes of one share: small enough that threads finish together. */
const SHARE_UNITS = 1 << 18
/** Below this, handing texts to a thread costs more than encoding them here. */
export const UNITS_WORTH_THREADS = 1 << 20

/** Threads that encode for one tokenizer. They do not keep the process alive while they wait. */
export class BatchEncoder {
  readonly #threads: EncodingThread[] = []
  readonly #setup: () => BatchSetup
  readonly #start: WorkerStarter

  constructor(setup: () => { json: TokenizerJson; companions: TokenizerCompanions }, start: WorkerStarter) {
    this.#start = start
    let made: BatchSetup | undefined
    this.#setup = () => {
      if (!made) {
        const { json, companions } = setup()
        made = { json: JSON.stringify(json), companions }
      }
      return made
    }
  }

  /**
   * Has each share encoded by one of `threads` threads. Answers are in the order of the shares.
   *
   * @throws whatever encoding a text throws: the first such error
   */
  async run(requests: readonly BatchRequest[], threads = availableParallelism()): Promise<BatchAnswer[]> {
    const wanted = Math.max(1, Math.min(threads, requests.length))
    while (this.#threads.length < wanted) this.#threads.push(new EncodingThread(this.#start(this.#setup())))
    const answers: BatchAnswer[] = []
    let next = 0
    try {
      await Promise.all(
        this.#threads.slice(0, wanted).map(async (thread) => {
          while (next < requests.length) {
            const index = next++
            answers[index] = await thread.ask(requests[index])
          }
        }),
      )
    } catch (fault) {
      // A thread that was lost takes no more work; the others are told to go as well, so that none answers too late.
      await this.close()
      throw fault
    }
    return answers
  }

  /** Ends the threads; later work starts new ones. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()))
  }
}

/** One worker, asked one thing after another. */
class EncodingThread {
  readonly #worker: Worker
  #waiting: { resolve(answer: BatchAnswer): void; reject(fault: unknown): void }[] = []

  constructor(worker: Worker) {
    this.#worker = worker
    worker.unref()
    worker.on("message", (answer: BatchAnswer) => {
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

/** Consecutive inputs in shares of about SHARE_UNITS, each with the number of its first. */
export function sharesOf<Input extends EncodeInput>(
  inputs: readonly Input[],
  shareUnits = SHARE_UNITS,
): { readonly inputs: readonly Input[]; readonly first: number }[] {
  const shares: { inputs: Input[]; first: number }[] = []
  let units = Number.POSITIVE_INFINITY
  for (const [index, input] of inputs.entries()) {
    if (units >= shareUnits) {
      shares.push({ inputs: [], first: index })
      units = 0
    }
    shares[shares.length - 1].inputs.push(input)
    units += unitsOf(input)
  }
  return shares
}

/** UTF-16 units or bytes of an input. */
export function unitsOf(input: EncodeInput): number {
  if (typeof input === "string" || input instanceof Uint8Array) return input.length
  return input.reduce((sum, part) => sum + part.length, 0)
}
