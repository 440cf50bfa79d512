/** The thread that `batch-encoder.ts` starts. */
import { parentPort, workerData } from "node:worker_threads"
import { GlossaError } from "../../../errors.ts"
import { Tokenizer } from "../tokenizer.ts"
import type { BatchAnswer, BatchRequest, BatchSetup } from "./batch-encoder.ts"
import { unpackTexts } from "./packed-texts.ts"

const { json, companions } = workerData as BatchSetup
const tokenizer = Tokenizer.fromJson(JSON.parse(json), companions)

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
    const inputs = "units" in request.inputs ? unpackTexts(request.inputs) : request.inputs
    const lists = tokenizer.encodeHere(inputs, request.options, request.first)
    const counts = Int32Array.from(lists, ({ length }) => length)
    const ids = new Int32Array(counts.reduce((sum, count) => sum + count, 0))
    let at = 0
    for (const list of lists) {
      ids.set(list, at)
      at += list.length
    }
    moved.push(ids.buffer, counts.buffer)
    return { ids, counts }
  } catch (fault) {
    if (!(fault instanceof GlossaError)) return { fault }
    const { cause: _, ...fields } = fault.fields
    return { code: fault.code, fields }
  }
}
