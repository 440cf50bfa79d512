/** Adam with decoupled weight decay over many parameters, in two groups: those that decay and those that do not. */
import { adamWStep, type State, type StateUpdate, type Store, type Tensor } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import type { Optimizer, TrainedParameter } from "./optimizer.ts"

export interface AdamWSettings {
  /** How much of the old moments stays each step: β₁ for the gradient, β₂ for its square; each from 0 to below 1. */
  readonly betas?: readonly [number, number]
  /** Added to the root of the second moment; > 0. */
  readonly epsilon?: number
  /** Fraction of a decaying parameter lost per step, times the rate. */
  readonly weightDecay?: number
}

/** Defaults of AdamW for language models. */
export const ADAM_W_DEFAULTS = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.1 } as const

/**
 * AdamW. Moments are float32 states at `optimizer.moment1.<parameter path>` and `optimizer.moment2.<parameter path>`.
 *
 * @throws RECIPE_INVALID for a beta outside 0 ≤ β < 1, an epsilon ≤ 0, or a negative weight decay
 * @paper Loshchilov & Hutter 2017, arXiv:1711.05101
 * @example const optimizer = new AdamW(new Store(executor), parameters, { weightDecay: 0.1 })
 */
export class AdamW implements Optimizer {
  readonly name = "adamw"
  readonly parameters: readonly TrainedParameter[]
  readonly states: readonly State[]
  readonly scalarNames = ["learningRate", "biasCorrection1", "biasCorrection2"]
  private readonly store: Store
  private readonly betas: readonly [number, number]
  private readonly epsilon: number
  private readonly weightDecay: number
  private readonly moments: readonly { readonly moment1: State; readonly moment2: State }[]

  constructor(store: Store, parameters: readonly TrainedParameter[], settings: AdamWSettings = {}) {
    const { betas, epsilon, weightDecay } = { ...ADAM_W_DEFAULTS, ...settings }
    checkSettings(betas, epsilon, weightDecay)
    this.store = store
    this.betas = betas
    this.epsilon = epsilon
    this.weightDecay = weightDecay
    this.parameters = parameters
    this.moments = parameters.map(({ state: { path, shape } }) => ({
      moment1: store.create(`optimizer.moment1.${path}`, shape),
      moment2: store.create(`optimizer.moment2.${path}`, shape),
    }))
    this.states = this.moments.flatMap(({ moment1, moment2 }) => [moment1, moment2])
  }

  scalars(update: number, learningRate: number): Record<string, number> {
    const [beta1, beta2] = this.betas
    return { learningRate, biasCorrection1: 1 - beta1 ** update, biasCorrection2: 1 - beta2 ** update }
  }

  updates(
    gradients: readonly Tensor[],
    scalars: Readonly<Record<string, Tensor>>,
    gradientScale: Tensor,
  ): StateUpdate[] {
    const { learningRate, biasCorrection1, biasCorrection2 } = scalars
    const [beta1, beta2] = this.betas
    return this.parameters.flatMap(({ state, decays }, index) => {
      const { moment1, moment2 } = this.moments[index]
      const [newParameter, newMoment1, newMoment2] = adamWStep(
        { parameter: state, moment1, moment2 },
        gradients[index],
        { learningRate, biasCorrection1, biasCorrection2, gradientScale },
        { beta1, beta2, epsilon: this.epsilon, weightDecay: decays ? this.weightDecay : 0 },
      )
      return [
        { state, value: newParameter },
        { state: moment1, value: newMoment1 },
        { state: moment2, value: newMoment2 },
      ]
    })
  }

  dispose(): void {
    for (const state of this.states) this.store.remove(state)
  }
}

function checkSettings(betas: readonly [number, number], epsilon: number, weightDecay: number): void {
  const fault = (where: string, wanted: string, came: number): GlossaError =>
    new GlossaError("RECIPE_INVALID", { where, wanted, came: String(came) })
  for (const beta of betas) if (!(beta >= 0 && beta < 1)) throw fault("betas", "numbers from 0 to below 1", beta)
  if (!(epsilon > 0)) throw fault("epsilon", "a number above 0", epsilon)
  if (!(weightDecay >= 0)) throw fault("weightDecay", "0 or more", weightDecay)
}
