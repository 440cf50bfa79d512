/** The worker thread's side of `measureBaselines`: one task in, one answer out. */
import { parentPort, workerData } from "node:worker_threads"
import { GlossaError } from "../../errors.ts"
import { type BaselineAnswer, type BaselineTask, measureBaselinesHere } from "./baselines.ts"

const { training, heldOut, options } = workerData as BaselineTask

let answer: BaselineAnswer
try {
  answer = { baselines: await measureBaselinesHere(training, heldOut, options) }
} catch (error) {
  if (!(error instanceof GlossaError)) throw error
  const { cause: _notCloned, ...fields } = error.fields
  answer = { code: error.code, fields }
}
parentPort?.postMessage(answer)
