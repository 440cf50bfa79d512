/**
 * Where attention finds the keys and values that came before. A family's forward asks this object and does not know
 * whether it trains on packed rows or decodes from a cache: that is how trainer and generator are one model.
 */
import { attention, type Tensor } from "../../engine/index.ts"

export interface AttentionSettings {
  /** What scores are multiplied by, usually 1/√headSize. */
  readonly scale: number
  /** How many positions back a row sees, itself included; all when left out. */
  readonly window?: number
  /** Rows of the longest sequence the model is made for, by which the cost of attention is counted. */
  readonly longest?: number
}

export interface AttentionContext {
  /**
   * @shape   queries       [rows, heads, headSize]
   * @shape   keys, values  [rows, kvHeads, headSize]   of the rows given now
   * @shape   returns       [rows, heads, headSize]
   */
  attend(layerIndex: number, queries: Tensor, keys: Tensor, values: Tensor, settings: AttentionSettings): Tensor
}

/**
 * Whole sequences laid one after another in the rows of one call, each causal within itself: training and scoring.
 *
 * @shape sequenceStart  [rows]   i32: the row at which this row's sequence begins
 */
export function packedAttention(sequenceStart: Tensor): AttentionContext {
  return {
    attend: (_, queries, keys, values, settings) => attention(queries, keys, values, sequenceStart, settings),
  }
}
