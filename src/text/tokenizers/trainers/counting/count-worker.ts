/** The worker thread's side of `countPieces`: documents in, an acknowledgement each time, at the end what was counted. */
import { parentPort, workerData } from "node:worker_threads"
import { GlossaError } from "../../../../errors.ts"
import type { CountAnswer, CountRequest, CountTask } from "./count-pieces.ts"
import { PieceCounter } from "./piece-counter.ts"
import { pieceSplitter } from "./piece-splitter.ts"

const { splitter, memoryLimit, runPrefix } = workerData as CountTask
const counter = new PieceCounter({ split: pieceSplitter(splitter), memoryLimit, runPrefix })

function answer(request: CountRequest): CountAnswer {
  try {
    if (request === "finish") return { shard: counter.finish() }
    for (const document of request) counter.count(document)
    return "counted"
  } catch (error) {
    if (!(error instanceof GlossaError)) throw error
    const { cause: _notCloned, ...fields } = error.fields
    return { code: error.code, fields }
  }
}

parentPort?.on("message", (request: CountRequest) => parentPort?.postMessage(answer(request)))
