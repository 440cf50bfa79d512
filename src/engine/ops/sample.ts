import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements } from "../tensor/index.ts"
import { philox, toUnitInterval } from "./philox.ts"
import { logSumExpOf } from "./softmax.ts"

export const sampleOp = defineOp({
  name: "sample",
  inputs: ["logits", "temperature", "topK", "topP", "minP", "seeds", "counters"],
  outputs: ([logits], _, fault) => {
    if (logits.shape.length !== 2) fault("logits [rows, vocab]")
    const shape = logits.shape.slice(0, 1)
    return [
      { shape, dtype: "i32" },
      { shape, dtype: "f32" },
    ]
  },
  gradient: { none: "a choice has no slope" },
  operations: ([logits]) => 12 * maximumElements(logits.shape),
  reference: ([logits, temperature, topK, topP, minP, seeds, counters], [ids, logProbabilities]) => {
    const vocabularySize = logits.shape[1]
    for (let row = 0; row < ids.data.length; row++) {
      const scores = logits.data.subarray(row * vocabularySize, (row + 1) * vocabularySize)
      const id = drawToken(scores, {
        temperature: temperature.data[row],
        topK: topK.data[row],
        topP: topP.data[row],
        minP: minP.data[row],
        uniform: () =>
          toUnitInterval(philox([seeds.data[2 * row], seeds.data[2 * row + 1]], [counters.data[row], 0, 0, 0])[0]),
      })
      ids.data[row] = id
      logProbabilities.data[row] = scores[id] - logSumExpOf(logits, row * vocabularySize, vocabularySize)
    }
  },
  native: { kernel: "sample" },
})

interface Draw {
  readonly temperature: number
  readonly topK: number
  readonly topP: number
  readonly minP: number
  readonly uniform: () => number
}

function drawToken(scores: Float64Array, { temperature, topK, topP, minP, uniform }: Draw): number {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b)
  if (temperature === 0) return order[0]
  const kept = topK > 0 ? order.slice(0, topK) : order
  const weights = kept.map((id) => Math.exp((scores[id] - scores[kept[0]]) / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let count = 0
  let mass = 0
  while (count < kept.length && (count === 0 || mass < topP * total) && weights[count] >= minP) mass += weights[count++]
  let rest = uniform() * mass
  for (let place = 0; place < count; place++) {
    rest -= weights[place]
    if (rest < 0) return kept[place]
  }
  return kept[Math.max(0, count - 1)]
}

/**
 * Chooses a token for each row: `{ ids, logProbabilities }`.
 *
 * Temperature 0 takes the largest logit (the lowest id among equals). Otherwise logits/temperature are cut to the topK
 * largest, to the smallest set whose probability reaches topP, to tokens at least minP times as likely as the first,
 * and one is drawn by Philox keyed by the row's seed at the row's counter. The log-probability is that of the model
 * itself, at temperature 1 and uncut, in nats.
 *
 * @shape   logits       [rows, vocab]   float32
 * @shape   temperature  [rows]          float32, ≥ 0
 * @shape   topK         [rows]          i32, 0 for all
 * @shape   topP, minP   [rows]          float32, 0 to 1; 1 and 0 cut nothing
 * @shape   seeds        [rows, 2]       i32
 * @shape   counters     [rows]          i32
 * @shape   returns      [rows] i32, [rows] float32
 */
export function sample(
  logits: TensorLike,
  settings: {
    readonly temperature: TensorLike
    readonly topK: TensorLike
    readonly topP: TensorLike
    readonly minP: TensorLike
    readonly seeds: TensorLike
    readonly counters: TensorLike
  },
): { ids: Tensor; logProbabilities: Tensor } {
  const { temperature, topK, topP, minP, seeds, counters } = settings
  const [ids, logProbabilities] = applyAll(sampleOp, [logits, temperature, topK, topP, minP, seeds, counters], {})
  return { ids, logProbabilities }
}
