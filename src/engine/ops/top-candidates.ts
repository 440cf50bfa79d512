import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements, maximumSize } from "../tensor/index.ts"
import { logSumExpOf } from "./softmax.ts"

export const topCandidatesOp = defineOp<{ readonly count: number }>({
  name: "topCandidates",
  inputs: ["logits"],
  outputs: ([logits], { count }, fault) => {
    if (logits.shape.length !== 2 || count < 1 || count > maximumSize(logits.shape[1]))
      fault("logits [rows, vocab] and a count from 1 to vocab")
    const shape = [logits.shape[0], count]
    return [
      { shape, dtype: "i32" },
      { shape, dtype: "f32" },
    ]
  },
  gradient: { none: "a choice has no slope" },
  operations: ([logits]) => 12 * maximumElements(logits.shape),
  reference: ([logits], [ids, logProbabilities], { count }) => {
    const vocabularySize = logits.shape[1]
    for (let row = 0; row < logits.shape[0]; row++) {
      const scores = logits.data.subarray(row * vocabularySize, (row + 1) * vocabularySize)
      const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b)
      const logSum = logSumExpOf(logits, row * vocabularySize, vocabularySize)
      for (let place = 0; place < count; place++) {
        ids.data[row * count + place] = order[place]
        logProbabilities.data[row * count + place] = scores[order[place]] - logSum
      }
    }
  },
  native: { kernel: "topCandidates", contiguous: true },
})

/**
 * The most likely tokens of each row and their log-probabilities, most likely first (the lower id among equals).
 *
 * @shape   logits   [rows, vocab]   float32
 * @shape   returns  ids [rows, count] i32, logProbabilities [rows, count] float32, nats
 */
export function topCandidates(logits: TensorLike, count: number): { ids: Tensor; logProbabilities: Tensor } {
  const [ids, logProbabilities] = applyAll(topCandidatesOp, [logits], { count })
  return { ids, logProbabilities }
}
