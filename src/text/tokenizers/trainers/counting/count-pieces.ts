/**
 * Counting: how often each distinct piece occurs in all documents. Counts are exact and their order is fixed, so the
 * result is the same for any number of threads and any share of the table that went to disk.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { GlossaError } from "../../../../errors.ts"
import { reason } from "../../save.ts"
import type { TrainingDocuments } from "../options.ts"
import type { CountSummary, TrainingProgress } from "../progress.ts"
import { type CountedShard, PieceCounter, pieceBytes, sortedPieces } from "./piece-counter.ts"
import { type CountedPiece, condenseRuns, mergeRuns, writeRun } from "./piece-runs.ts"
import { pieceSplitter, type SplitterJson } from "./piece-splitter.ts"

/** Distinct pieces in ascending order of their UTF-16 units, and how often each was met. */
export interface PieceCounts {
  readonly texts: readonly string[]
  readonly counts: ArrayLike<number>
}

export interface CountPiecesOptions {
  /** Default: all cores. */
  readonly threads?: number
  /** Bytes (see `pieceBytes`). Default 1 GiB. */
  readonly memoryLimit?: number
  readonly temporaryFolder?: string
  /** Whether the document of this number, from 0, is counted. Default: all are. */
  readonly includes?: (index: number) => boolean
  readonly onProgress?: (progress: TrainingProgress) => void
  /** Characters or bytes that are counted in this thread before others are started. Default 4 Mi. */
  readonly unitsBeforeThreads?: number
  /** Starts a thread with the worker's task. Default: a built `count-worker.js` beside this file. */
  readonly startWorker?: (task: CountTask) => Worker
}

/** What a worker thread is started with. */
export interface CountTask {
  readonly splitter: SplitterJson
  readonly memoryLimit: number
  readonly runPrefix: string
}

/** What a worker thread is sent: documents, or the wish for its counts. */
export type CountRequest = readonly (string | Uint8Array)[] | "finish"

/** What it answers: that the documents are counted, its counts, or the fields of an error to throw here. */
export type CountAnswer =
  | "counted"
  | { readonly shard: CountedShard }
  | { readonly code: GlossaError["code"]; readonly fields: GlossaError["fields"] }

export const DEFAULT_MEMORY_LIMIT = 2 ** 30

/** Characters (of text) or bytes that are handed over at once. */
const BATCH_UNITS = 1 << 20
/** Starting threads takes longer than counting so much. */
const UNITS_BEFORE_THREADS = 4 << 20
/** Batches that a thread may have before it, so that it never waits and memory stays bounded. */
const BATCHES_AHEAD = 2

/**
 * Counts the pieces that `splitter` cuts documents into.
 *
 * @throws FILE_UNWRITABLE when what does not fit into memory does not fit on disk either
 */
export async function countPieces(
  documents: TrainingDocuments,
  splitter: SplitterJson,
  options: CountPiecesOptions = {},
): Promise<PieceCounts & { readonly summary: CountSummary }> {
  const { memoryLimit = DEFAULT_MEMORY_LIMIT, unitsBeforeThreads = UNITS_BEFORE_THREADS } = options
  const includes = options.includes ?? (() => true)
  const startWorker = options.startWorker ?? workerStarter()
  const threads = startWorker ? (options.threads ?? availableParallelism()) : 1
  const folder = await temporaryFolder(options.temporaryFolder ?? tmpdir())
  const workers: CountingThread[] = []
  try {
    const share = Math.floor(memoryLimit / (threads > 1 ? threads + 1 : 1))
    const here = new PieceCounter({
      split: pieceSplitter(splitter),
      memoryLimit: share,
      runPrefix: join(folder, "here"),
    })
    let counted = 0
    let units = 0
    for await (const batch of inBatches(documents, includes)) {
      units += batch.units
      if (units > unitsBeforeThreads && threads > 1 && startWorker) {
        while (workers.length < threads) {
          const runPrefix = join(folder, `thread${workers.length}`)
          workers.push(new CountingThread(startWorker({ splitter, memoryLimit: share, runPrefix })))
        }
        const idlest = workers.reduce((least, worker) => (worker.waiting < least.waiting ? worker : least))
        await idlest.count(batch.documents)
      } else for (const document of batch.documents) here.count(document)
      counted += batch.documents.length
      options.onProgress?.({ stage: "count", done: counted, total: undefined })
    }
    const shards = [here.finish(), ...(await Promise.all(workers.map((worker) => worker.finish())))]
    return joinShards(shards, { memoryLimit, folder, documents: counted })
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}

/** One worker thread and the batches it has not yet acknowledged. */
class CountingThread {
  /** Batches sent and not yet counted. */
  waiting = 0
  readonly #worker: Worker
  readonly #finished: Promise<CountedShard>
  #resolve: (shard: CountedShard) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #failed = false
  #onCounted: () => void = () => {}

  constructor(worker: Worker) {
    this.#worker = worker
    this.#finished = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // A failure is told by whoever waits next; without this line one that nobody waits for yet ends the process.
    this.#finished.catch(() => {})
    worker.on("message", (answer: CountAnswer) => {
      if (answer === "counted") {
        this.waiting -= 1
        this.#onCounted()
      } else if ("shard" in answer) this.#resolve(answer.shard)
      else this.#fail(new GlossaError(answer.code, answer.fields))
    })
    worker.on("error", (error) => this.#fail(error))
    worker.on("exit", (exitCode) => {
      const fields = { where: "counting thread", wanted: "its counts", came: `exit code ${exitCode}` }
      this.#fail(new GlossaError("INTERNAL", fields))
    })
  }

  /** Hands over documents; resolves when the thread has room for more. */
  async count(documents: readonly (string | Uint8Array)[]): Promise<void> {
    this.waiting += 1
    this.#worker.postMessage(documents)
    while (this.waiting >= BATCHES_AHEAD && !this.#failed) {
      await new Promise<void>((resolve) => {
        this.#onCounted = resolve
      })
    }
    if (this.#failed) await this.#finished
  }

  finish(): Promise<CountedShard> {
    this.#worker.postMessage("finish")
    return this.#finished
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #fail(error: unknown): void {
    this.#failed = true
    this.#reject(error)
    this.#onCounted()
  }
}

/** Starts built workers; TypeScript sources, which a worker of Node 20 cannot load, have none. */
function workerStarter(): ((task: CountTask) => Worker) | undefined {
  if (!import.meta.url.endsWith(".js")) return undefined
  return (workerData) => new Worker(new URL("./count-worker.js", import.meta.url), { workerData })
}

async function temporaryFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, "glossa-pieces-"))
  } catch (cause) {
    throw new GlossaError("FILE_UNWRITABLE", {
      where: parent,
      wanted: "a folder for what does not fit into memory",
      came: reason(cause),
      fix: "name another temporary folder",
      cause,
    })
  }
}

interface DocumentBatch {
  readonly documents: (string | Uint8Array)[]
  readonly units: number
}

/** Documents in batches of about BATCH_UNITS, so that neither a promise nor a message is paid for each. */
async function* inBatches(
  documents: TrainingDocuments,
  includes: (index: number) => boolean,
): AsyncGenerator<DocumentBatch> {
  let batch: (string | Uint8Array)[] = []
  let units = 0
  let index = 0
  const isFull = (document: string | Uint8Array): boolean => {
    if (!includes(index++)) return false
    batch.push(document)
    units += document.length
    return units >= BATCH_UNITS
  }
  const take = (): DocumentBatch => {
    const full = { documents: batch, units }
    batch = []
    units = 0
    return full
  }
  if (Symbol.iterator in documents) {
    for (const document of documents) if (isFull(document)) yield take()
  } else {
    for await (const document of documents) if (isFull(document)) yield take()
  }
  if (batch.length) yield take()
}

interface JoinSettings {
  readonly memoryLimit: number
  readonly folder: string
  readonly documents: number
}

/** All threads' counts as one, in order, without the rarest pieces when all together exceed the memory allowed. */
function joinShards(shards: readonly CountedShard[], { memoryLimit, folder, documents }: JoinSettings) {
  const merged = shards.some(({ runs }) => runs.length > 0) ? mergedOnDisk(shards, folder) : mergedInMemory(shards)
  const leastCount = leastCountThatFits(merged(), memoryLimit)
  const texts: string[] = []
  const counts: number[] = []
  const kept = { pieces: 0, occurrences: 0 }
  const leftOut = { pieces: 0, occurrences: 0 }
  for (const [text, count] of merged()) {
    const side = count >= leastCount ? kept : leftOut
    side.pieces += 1
    side.occurrences += count
    if (side === leftOut) continue
    texts.push(text)
    counts.push(count)
  }
  const summary: CountSummary = {
    documents,
    ...kept,
    leftOutPieces: leftOut.pieces,
    leftOutOccurrences: leftOut.occurrences,
    leastCount,
  }
  return { texts, counts, summary }
}

function mergedInMemory([first, ...others]: readonly CountedShard[]): () => Iterable<CountedPiece> {
  const texts = [...first.texts]
  const counts = [...first.counts]
  if (others.length) {
    const indices = new Map(texts.map((text, index) => [text, index]))
    for (const shard of others) {
      for (const [place, text] of shard.texts.entries()) {
        const index = indices.get(text)
        if (index === undefined) {
          indices.set(text, texts.length)
          texts.push(text)
          counts.push(shard.counts[place])
        } else counts[index] += shard.counts[place]
      }
    }
  }
  const pieces = [...sortedPieces(texts, counts)]
  return () => pieces
}

function mergedOnDisk(shards: readonly CountedShard[], folder: string): () => Iterable<CountedPiece> {
  const runs = shards.flatMap(({ texts, counts, runs: spilled }, index) => {
    const last = join(folder, `last${index}`)
    writeRun(last, sortedPieces(texts, counts))
    return [...spilled, last]
  })
  const condensed = condenseRuns(runs, join(folder, "merged"))
  return () => mergeRuns(condensed)
}

/** The lowest count such that all pieces met that often fit into `memoryLimit` bytes together; 1 when all fit. */
function leastCountThatFits(pieces: Iterable<CountedPiece>, memoryLimit: number): number {
  const bytesOfCount = new Map<number, number>()
  let total = 0
  for (const [text, count] of pieces) {
    const bytes = pieceBytes(text)
    total += bytes
    bytesOfCount.set(count, (bytesOfCount.get(count) ?? 0) + bytes)
  }
  if (total <= memoryLimit) return 1
  for (const count of [...bytesOfCount.keys()].sort((left, right) => left - right)) {
    total -= bytesOfCount.get(count) as number
    if (total <= memoryLimit) return count + 1
  }
  return Number.POSITIVE_INFINITY
}
