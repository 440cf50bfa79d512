/** What every optimizer promises, so that the step loop can drive any of them. */
import type { State, StateUpdate, Tensor } from "../../engine/index.ts"

/** A parameter that training changes. */
export interface TrainedParameter {
  readonly state: State
  /** Weight decay applies: true for matrices, false for biases and norm weights. */
  readonly decays: boolean
}

/**
 * An update rule. What it remembers lives in states (`states`, saved with every checkpoint); what changes from step to
 * step but is not learned (rates, corrections) are scalars that the host works out and hands in.
 */
export interface Optimizer {
  readonly name: string
  readonly parameters: readonly TrainedParameter[]
  /** Everything that must be saved for a run to go on as if unbroken. */
  readonly states: readonly State[]
  /** Names of the scalars that `updates` reads, in the order of the program's inputs. */
  readonly scalarNames: readonly string[]
  /**
   * The scalars of one step.
   *
   * @param update        which update this is, counted from 1; steps that were left out do not count
   * @param learningRate  of this step
   */
  scalars(update: number, learningRate: number): Record<string, number>
  /**
   * The update graph: new values of the parameters and of the optimizer's own states.
   *
   * @shape gradients      as the parameters, in their order   float32
   * @shape scalars        []   the scalars by name
   * @shape gradientScale  []   what every gradient is multiplied by first (clipping)
   */
  updates(gradients: readonly Tensor[], scalars: Readonly<Record<string, Tensor>>, gradientScale: Tensor): StateUpdate[]
  /** Gives the memory of its states back. */
  dispose(): void
}
