/** The thread that `batch-encoder.ts` starts. */
import { parentPort, workerData } from "node:worker_threads"
import { GlossaError } from "../../../errors.ts"
import type { PackedStretch } from "../packed-ids.ts"
import { Tokenizer } from "../tokenizer.ts"
import { ShareEncoder } from "./chapters.ts"
import type { BatchAnswer, BatchRequest, BatchSetup } from "./encoding-worker.ts"

const { json, companions } = workerData as BatchSetup
const tokenizer = Tokenizer.fromJson(JSON.parse(json), companions)
const shares = new ShareEncoder(tokenizer.idEncoder)

parentPort?.on("message", (request: BatchRequest) => {
  const moved: ArrayBuffer[] = []
  const answer = answerTo(request, moved)
  parentPort?.postMessage(answer, moved)
})

parentPort?.postMessage({ ready: true } satisfies BatchAnswer)

/** Buffers that are handed over instead of copied are added to `moved`. */
function answerTo(request: BatchRequest, moved: ArrayBuffer[]): BatchAnswer {
  try {
    if (request.kind === "full")
      return { encodings: tokenizer.encodeFullHere(request.inputs, request.options, request.first) }
    const { chapter, options } = request
    const stretches: PackedStretch[] = []
    for (let found = shares.encodeNext(chapter, options); found; found = shares.encodeNext(chapter, options)) {
      stretches.push(found)
      moved.push(found.ids.buffer as ArrayBuffer, found.counts.buffer)
    }
    return { stretches }
  } catch (fault) {
    if (!(fault instanceof GlossaError)) return { fault }
    const { cause: _, ...fields } = fault.fields
    return { code: fault.code, fields }
  }
}
