/**
 * Both byte models that a language model is held against, measured in a worker thread so that training beside them
 * loses no turn of its event loop.
 */
import { Worker } from "node:worker_threads"
import { GlossaError } from "../../errors.ts"
import { brotliBitsPerByte } from "./brotli.ts"
import { ByteNgramModel } from "./byte-ngram.ts"
import { countBytes, type DocumentBytes, documentList } from "./documents.ts"

/** What brotli and the byte n-gram model need for the held-out text. All plain numbers. */
export interface Baselines {
  /** Brotli's figure to compare with (see `brotliBitsPerByte`): after `brotliContextBytes` of training text. */
  readonly brotliBitsPerByte: number
  /** Brotli on the held-out text by itself. */
  readonly brotliAloneBitsPerByte: number
  readonly brotliContextBytes: number
  /** The byte n-gram model's figure (see `ByteNgramModel`). */
  readonly ngramBitsPerByte: number
  readonly ngramOrder: number
  readonly ngramTrainingBytes: number
  readonly heldOutBytes: number
  readonly brotliSeconds: number
  readonly ngramSeconds: number
}

export interface BaselineOptions {
  /** Order of the n-gram model, 1 to 6. Default 6. */
  readonly order?: number
  /** Most training text counted by the n-gram model, in bytes. */
  readonly ngramTrainingBytes?: number
  /** Most training text read by brotli, in bytes; about 2.2 s for each 1,000,000. Default 4,000,000. */
  readonly brotliContextBytes?: number
}

/** What travels to the worker thread. */
export interface BaselineTask {
  readonly training: readonly Uint8Array[]
  readonly heldOut: readonly Uint8Array[]
  readonly options: BaselineOptions
}

/** What comes back: the figures, or the fields of the error to throw here. */
export type BaselineAnswer =
  | { readonly baselines: Baselines }
  | { readonly code: GlossaError["code"]; readonly fields: GlossaError["fields"] }

/** Measures both baselines in this thread: several seconds of work, of which the n-gram part blocks. */
export async function measureBaselinesHere(
  training: DocumentBytes,
  heldOut: DocumentBytes,
  options: BaselineOptions = {},
): Promise<Baselines> {
  const started = performance.now()
  const model = ByteNgramModel.count(training, { order: options.order, trainingBytes: options.ngramTrainingBytes })
  const ngramBitsPerByte = model.bitsPerByte(heldOut)
  const counted = performance.now()
  const brotli = await brotliBitsPerByte(training, heldOut, { contextBytes: options.brotliContextBytes })
  return {
    brotliBitsPerByte: brotli.bitsPerByte,
    brotliAloneBitsPerByte: brotli.aloneBitsPerByte,
    brotliContextBytes: brotli.contextBytes,
    ngramBitsPerByte,
    ngramOrder: model.order,
    ngramTrainingBytes: model.trainingBytes,
    heldOutBytes: countBytes(documentList(heldOut)),
    brotliSeconds: (performance.now() - counted) / 1000,
    ngramSeconds: (counted - started) / 1000,
  }
}

/**
 * Measures both baselines in a worker thread and resolves with the figures. Run from TypeScript sources, which a worker
 * of Node 20 cannot load, it works in this thread instead.
 *
 * @param signal  stops the worker; the promise then rejects with CANCELLED
 * @throws CORPUS_EMPTY when there is no training text or no held-out text
 * @throws ATTRIBUTE_INVALID when the order is not 1 to 6
 */
export async function measureBaselines(
  training: DocumentBytes,
  heldOut: DocumentBytes,
  options: BaselineOptions & { readonly signal?: AbortSignal } = {},
): Promise<Baselines> {
  const { signal, ...rest } = options
  if (signal?.aborted) throw cancelled()
  if (!import.meta.url.endsWith(".js")) return measureBaselinesHere(training, heldOut, rest)
  const workerData: BaselineTask = { training: documentList(training), heldOut: documentList(heldOut), options: rest }
  const worker = new Worker(new URL("./baselines-worker.js", import.meta.url), { workerData })
  const stop = () => void worker.terminate()
  signal?.addEventListener("abort", stop, { once: true })
  try {
    return await new Promise<Baselines>((resolve, reject) => {
      worker.once("message", (answer: BaselineAnswer) => {
        if ("baselines" in answer) resolve(answer.baselines)
        else reject(new GlossaError(answer.code, answer.fields))
      })
      worker.once("error", reject)
      worker.once("exit", (exitCode) => {
        const cause = new GlossaError("INTERNAL", {
          where: "baselines worker",
          wanted: "an answer",
          came: `exit code ${exitCode}`,
        })
        reject(signal?.aborted ? cancelled() : cause)
      })
    })
  } finally {
    signal?.removeEventListener("abort", stop)
  }
}

function cancelled(): GlossaError {
  return new GlossaError("CANCELLED", { where: "measureBaselines", wanted: "to finish", came: "a cancelled signal" })
}
