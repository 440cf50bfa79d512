/**
 * Many texts at once, over this thread and worker threads: each worker is given the tokenizer's JSON once and then texts
 * in shares; what comes back is what one thread would give, in the order of the texts. A worker gets work from when it
 * is ready; until then, and beside it, this thread encodes shares of its own, so that starting workers costs no wait.
 */
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { GlossaError } from "../../../errors.ts"
import type { Encoding } from "../encoding.ts"
import type { EncodeInput, EncodeOptions, FullEncodeOptions, TokenizerCompanions, TokenizerJson } from "../tokenizer.ts"
import { type PackedTexts, packTexts } from "./packed-texts.ts"

/** What a worker is started with: the tokenizer, as text because that crosses threads fastest. */
export interface BatchSetup {
  readonly json: string
  readonly companions: TokenizerCompanions
}

/** One share of a batch. */
export type BatchRequest =
  | {
      readonly kind: "ids"
      /** Packed where all are strings. */
      readonly inputs: PackedTexts | readonly (string | Uint8Array)[]
      readonly options: EncodeOptions
      readonly first: number
    }
  | {
      readonly kind: "full"
      readonly inputs: readonly EncodeInput[]
      readonly options: FullEncodeOptions
      readonly first: number
    }

/** What a worker answers: that it is ready for work, all ids in a row and how many each text has, whole encodings, or the fields of an error. */
export type BatchAnswer =
  | { readonly ready: true }
  | { readonly ids: Int32Array; readonly counts: Int32Array }
  | { readonly encodings: readonly Encoding[] }
  | { readonly code: GlossaError["code"]; readonly fields: GlossaError["fields"] }
  | { readonly fault: unknown }

export type WorkerStarter = (setup: BatchSetup) => Worker

/** Consecutive inputs of a batch. */
export interface Share<Input> {
  readonly inputs: readonly Input[]
  /** Number of the first in the batch. */
  readonly first: number
}

/** A batch in shares, and the two ways to have one done. */
export interface BatchJob<Input, Item> {
  readonly shares: readonly Share<Input>[]
  /** The items of a share, made in this thread. */
  here(share: Share<Input>): readonly Item[]
  /** What to ask a worker for a share. */
  request(share: Share<Input>): BatchRequest
  /** The items in a worker's answer. */
  read(answer: BatchAnswer): readonly Item[]
}

/** UTF-16 units or bytes of one share: so small that threads finish together and this one often looks up. */
const SHARE_UNITS = 1 << 16
/** Shares that a worker is asked for at once, so that it never waits for this thread to look up. */
const ASKED_AT_ONCE = 3
/** Below this, handing texts to a thread costs more than encoding them here. */
export const UNITS_WORTH_THREADS = 1 << 20

/** Threads that encode for one tokenizer. They do not keep the process alive while they wait. */
export class BatchEncoder {
  readonly #workers: EncodingWorker[] = []
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

  /** Starts the workers that `threads` threads need beside this one, and waits until they are ready. */
  async open(threads = availableParallelism()): Promise<void> {
    await Promise.all(this.#startWorkers(threads - 1).map((worker) => worker.untilReady()))
  }

  /**
   * Has a batch done by this thread and `threads` − 1 workers. Items are in the order of the shares.
   *
   * @throws whatever encoding a text throws: the first such error
   */
  async run<Input, Item>(job: BatchJob<Input, Item>, threads = availableParallelism()): Promise<Item[]> {
    const { shares } = job
    const workers = this.#startWorkers(Math.min(threads, shares.length) - 1)
    const done: (readonly Item[])[] = []
    let next = 0
    let left = shares.length
    try {
      await new Promise<void>((resolve, reject) => {
        const keep = (index: number, items: readonly Item[]) => {
          done[index] = items
          left -= 1
          if (left === 0) resolve()
        }
        const askWorker = async (worker: EncodingWorker) => {
          await worker.ready
          while (next < shares.length) {
            const index = next++
            keep(index, job.read(await worker.ask(job.request(shares[index]))))
          }
        }
        const workHere = async () => {
          while (next < shares.length) {
            const index = next++
            keep(index, job.here(shares[index]))
            await lookUp()
          }
        }
        for (const worker of workers) for (let turn = 0; turn < ASKED_AT_ONCE; turn++) askWorker(worker).catch(reject)
        workHere().catch(reject)
      })
    } catch (fault) {
      next = shares.length
      // A worker that was lost takes no more work; the others are told to go as well, so that none answers too late.
      await this.close()
      throw fault
    }
    return done.flat() as Item[]
  }

  /** Ends the workers; later work starts new ones. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.end()))
  }

  #startWorkers(count: number): EncodingWorker[] {
    while (this.#workers.length < count) this.#workers.push(new EncodingWorker(this.#start(this.#setup())))
    return this.#workers.slice(0, Math.max(0, count))
  }
}

/** Lets this thread take what other threads have sent it meanwhile. */
function lookUp(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** One worker, asked one thing after another. */
class EncodingWorker {
  /** Fulfilled once it has built its tokenizer. */
  readonly ready: Promise<unknown>
  readonly #worker: Worker
  /** Who waits for an answer, in the order asked: first of all those who wait for it to be ready. */
  #waiting: { resolve(answer: BatchAnswer): void; reject(fault: unknown): void }[] = []

  constructor(worker: Worker) {
    this.#worker = worker
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
      this.#worker.postMessage(request, "units" in request.inputs ? [request.inputs.units] : [])
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

/** Consecutive inputs in shares of about SHARE_UNITS. */
export function sharesOf<Input extends EncodeInput>(
  inputs: readonly Input[],
  shareUnits = SHARE_UNITS,
): Share<Input>[] {
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

/** The request for the ids of a share. */
export function idsRequest({ inputs, first }: Share<string | Uint8Array>, options: EncodeOptions): BatchRequest {
  const areTexts = inputs.every((input) => typeof input === "string")
  return { kind: "ids", inputs: areTexts ? packTexts(inputs as readonly string[]) : inputs, options, first }
}

/** The lists of ids that a worker packed into one. */
export function idLists(answer: BatchAnswer): number[][] {
  if (!("ids" in answer)) return []
  let from = 0
  return Array.from(answer.counts, (count) => {
    const list = new Array<number>(count)
    for (let index = 0; index < count; index++) list[index] = answer.ids[from + index]
    from += count
    return list
  })
}

/** UTF-16 units or bytes of an input. */
export function unitsOf(input: EncodeInput): number {
  if (typeof input === "string" || input instanceof Uint8Array) return input.length
  return input.reduce((sum, part) => sum + part.length, 0)
}
