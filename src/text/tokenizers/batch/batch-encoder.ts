/**
 * Many texts at once, over this thread and worker threads: each worker is given the tokenizer's JSON once and then work;
 * what comes back is what one thread would give. A worker works from when it is ready; until then, and beside it, this
 * thread encodes too, so that starting workers costs no wait.
 */
import { availableParallelism } from "node:os"
import { IdBuffer } from "../id-buffer.ts"
import type { IdEncoder } from "../id-encoder.ts"
import type { PackedStretch } from "../packed-ids.ts"
import type { EncodeInput, EncodeOptions, TokenizerCompanions, TokenizerJson } from "../tokenizer.ts"
import { ChapterWork } from "./chapter-work.ts"
import { ChapterMemory, type TextRange } from "./chapters.ts"
import {
  type BatchAnswer,
  type BatchRequest,
  type BatchSetup,
  EncodingWorker,
  type WorkerStarter,
} from "./encoding-worker.ts"

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
  readonly #memory = new ChapterMemory()

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
   * Has the ids of texts made by this thread and `threads` − 1 workers.
   *
   * @param take  given the ids of texts that follow one another as they are made, in any order; good until it returns
   * @throws whatever encoding a text throws: the first such error
   */
  async encodeIds(
    inputs: readonly (string | Uint8Array)[],
    options: EncodeOptions,
    encoder: IdEncoder,
    take: (stretch: PackedStretch) => void,
    threads = availableParallelism(),
  ): Promise<void> {
    const work = new ChapterWork(inputs, this.#memory, options, take)
    const ids = new IdBuffer()
    try {
      for (const worker of this.#startWorkers(threads - 1)) work.join(worker)
      for (let range = work.next(); range; range = work.next()) {
        take(stretchOf(inputs, range, options, encoder, ids))
        await lookUp()
        work.throwFault()
      }
      await work.end()
    } catch (fault) {
      // A worker that was lost takes no more work; the others are told to go as well, so that none answers too late.
      await this.close()
      throw fault
    }
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

/** The ids of some texts of a batch, in `ids`. */
function stretchOf(
  inputs: readonly (string | Uint8Array)[],
  { from, to }: TextRange,
  options: EncodeOptions,
  encoder: IdEncoder,
  ids: IdBuffer,
): PackedStretch {
  ids.clear()
  const counts = new Int32Array(to - from)
  for (let text = from; text < to; text++) {
    const before = ids.length
    encoder.appendInput(inputs[text], options, text, ids)
    counts[text - from] = ids.length - before
  }
  return { first: from, counts, ids: ids.view() }
}

/** Lets this thread take what other threads have sent it meanwhile. */
function lookUp(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
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
    units += unitCount(input)
  }
  return shares
}

/** UTF-16 units or bytes of an input. */
export function unitCount(input: EncodeInput): number {
  if (typeof input === "string" || input instanceof Uint8Array) return input.length
  return input.reduce((sum, part) => sum + part.length, 0)
}
