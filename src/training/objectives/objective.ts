/** What an objective is: rows of tokens in, one loss a row out, as graph. */
import type { Tensor } from "../../engine/index.ts"
import type { CausalLanguageModel } from "../../models/index.ts"

/** The rows of one run while tracing. Sequences lie one after another, each beginning at its `sequenceStart`. */
export interface PackedInputs {
  /** [rows] i32 */
  readonly tokens: Tensor
  /** [rows] i32: what each row is to predict, or IGNORED_TARGET */
  readonly targets: Tensor
  /** [rows] i32: place of each token in its sequence */
  readonly positions: Tensor
  /** [rows] i32: the row at which this row's sequence begins */
  readonly sequenceStart: Tensor
}

/**
 * A loss to be lowered. It says only what each row costs; the loop sums, divides by the step's counted targets and
 * differentiates, so accumulation is the same for all.
 */
export interface Objective {
  readonly name: string
  /**
   * @shape returns [rows]   float32, nats; 0 where the target is IGNORED_TARGET
   */
  rowLosses(model: CausalLanguageModel, inputs: PackedInputs): Tensor
}
