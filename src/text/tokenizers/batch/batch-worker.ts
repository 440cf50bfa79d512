/** The thread that `batch-encoder.ts` starts. */
import { parentPort, workerData } from "node:worker_threads"
import { GlossaError } from "../../../errors.ts"
import { Tokenizer } from "../tokenizer.ts"
import { type EncodedShare, ShareEncoder } from "./chapters.ts"
import type { BatchAnswer, BatchRequest, BatchSetup } from "./encoding-worker.ts"

const { json, companions } = workerData as BatchSetup
const tokenizer = Tokenizer.fromJson(JSON.parse(json), companions)
const encoder = new ShareEncoder(tokenizer.idEncoder)

parentPort?.on("message", (request: BatchRequest) => {
  // Nothing is handed over: a thread that has given a buffer away has to ask of every other, at each access, whether it
  // is still there, and encodes a fifth more slowly from then on.
  parentPort?.postMessage(answerTo(request))
})

parentPort?.postMessage({ ready: true } satisfies BatchAnswer)

function answerTo(request: BatchRequest): BatchAnswer {
  try {
    if (request.kind === "full")
      return { encodings: tokenizer.encodeFullHere(request.inputs, request.options, request.first) }
    const { chapter, options } = request
    const shares: EncodedShare[] = []
    for (let done = encoder.encodeNext(chapter, options); done; done = encoder.encodeNext(chapter, options))
      shares.push(done)
    return { shares }
  } catch (fault) {
    if (!(fault instanceof GlossaError)) return { fault }
    const { cause: _, ...fields } = fault.fields
    return { code: fault.code, fields }
  }
}
