import { applyAll, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { maximumElements, sameShape } from "../tensor/index.ts"

export interface AdamWAttributes {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  readonly [key: string]: unknown
}

export const adamWOp = defineOp<AdamWAttributes>({
  name: "adamW",
  inputs: [
    "parameter",
    "gradient",
    "moment1",
    "moment2",
    "learningRate",
    "biasCorrection1",
    "biasCorrection2",
    "gradientScale",
  ],
  outputs: ([parameter, ...others], _, fault) => {
    if (others.slice(0, 3).some(({ shape }) => !sameShape(shape, parameter.shape)))
      fault("gradient and moments of the parameter's shape")
    if (others.slice(3).some(({ shape }) => shape.length > 0)) fault("scalar rates and corrections")
    return [parameter, parameter, parameter]
  },
  gradient: { none: "an optimizer's step is not differentiated" },
  operations: ([parameter]) => 14 * maximumElements(parameter.shape),
  traits: {
    mayReuse: [
      [0, 0],
      [1, 2],
      [2, 3],
    ],
  },
  reference: (inputs, [parameter, moment1, moment2], { beta1, beta2, epsilon, weightDecay }) => {
    const [oldParameter, gradient, oldMoment1, oldMoment2, rate, correction1, correction2, scale] = inputs
    const learningRate = rate.data[0]
    for (let place = 0; place < parameter.data.length; place++) {
      const g = gradient.data[place] * scale.data[0]
      const m = beta1 * oldMoment1.data[place] + (1 - beta1) * g
      const v = beta2 * oldMoment2.data[place] + (1 - beta2) * g * g
      const decayed = oldParameter.data[place] * (1 - learningRate * weightDecay)
      const step = (learningRate * (m / correction1.data[0])) / (Math.sqrt(v / correction2.data[0]) + epsilon)
      parameter.data[place] = decayed - step
      moment1.data[place] = m
      moment2.data[place] = v
    }
  },
  native: {
    kernel: "adamW",
    contiguous: true,
    floats: ({ beta1, beta2, epsilon, weightDecay }) => [beta1, beta2, epsilon, weightDecay],
  },
})

/**
 * One step of Adam with decoupled weight decay: the new `[parameter, moment1, moment2]`.
 *
 *   g = gradient·gradientScale;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²
 *   p ← p·(1 − rate·decay) − rate · (m/c₁) / (√(v/c₂) + ε)        c = 1 − βᵗ at step t = 1, 2, …
 *
 * @shape   parameter, gradient, moment1, moment2          any, all the same   float32
 * @shape   learningRate, corrections, gradientScale       []                  float32
 * @shape   returns                                        three of the parameter's shape
 * @paper   Loshchilov & Hutter 2017, arXiv:1711.05101
 */
export function adamWStep(
  state: { readonly parameter: TensorLike; readonly moment1: TensorLike; readonly moment2: TensorLike },
  gradient: TensorLike,
  scalars: {
    readonly learningRate: TensorLike
    readonly biasCorrection1: TensorLike
    readonly biasCorrection2: TensorLike
    readonly gradientScale: TensorLike
  },
  attributes: AdamWAttributes,
): readonly Tensor[] {
  const { learningRate, biasCorrection1, biasCorrection2, gradientScale } = scalars
  const rates = [learningRate, biasCorrection1, biasCorrection2, gradientScale]
  return applyAll(adamWOp, [state.parameter, gradient, state.moment1, state.moment2, ...rates], attributes)
}
