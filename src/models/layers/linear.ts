/** Linear maps, in the two layouts that checkpoints keep their matrices in. */
import { add, type Tensor } from "../../engine/index.ts"
import { jointProducts, product, productInOut } from "./matrices.ts"
import type { Module } from "./module.ts"
import { biasSpec, matrixSpec, type ParameterSpec } from "./parameters.ts"

/**
 * The linear map that the submodule `name` holds; its `bias` is added where the checkpoint has one.
 *
 *   y = x · weightᵀ + bias
 *
 * @shape   x        [rows, in]
 * @shape   weight   [out, in]     float32, or in blocks
 * @shape   bias     [out]
 * @shape   returns  [rows, out]   float32
 */
export function linear(module: Module, name: string, x: Tensor): Tensor {
  return module.within(name, (map) => withBias(map, product(x, map.get("weight"))))
}

/**
 * Several linear maps of one x, each to be had by its name and as `linear` gives it; what they can do together they do
 * once.
 *
 * @shape   x        [rows, in]
 * @returns a function from a name to [rows, out], float32
 */
export function linears<Name extends string>(
  module: Module,
  names: readonly Name[],
  x: Tensor,
): (name: Name) => Tensor {
  const weights = names.map((name) => module.within(name, (map) => map.get("weight")))
  const joint = jointProducts(x, weights)
  if (!joint) return (name) => linear(module, name, x)
  return (name) => module.within(name, (map) => withBias(map, joint[names.indexOf(name)]))
}

function withBias(map: Module, y: Tensor): Tensor {
  const bias = map.find("bias")
  return bias ? add(y, bias) : y
}

/** Parameters of `linear`. `deviation` is that of the initial weight. */
export function linearSpecs(
  path: string,
  { inputs, outputs, bias, deviation }: { inputs: number; outputs: number; bias: boolean; deviation: number },
): ParameterSpec[] {
  const weight = matrixSpec(`${path}.weight`, [outputs, inputs], deviation)
  return bias ? [weight, biasSpec(`${path}.bias`, outputs)] : [weight]
}

/**
 * A linear map whose matrix is kept the other way round, as GPT-2's checkpoints have it ("Conv1D").
 *
 *   y = x · weight + bias
 *
 * @shape   x        [rows, in]
 * @shape   weight   [in, out] float32, or [out, in] in blocks
 * @shape   bias     [out]
 * @shape   returns  [rows, out]   float32
 */
export function linearInOut(module: Module, name: string, x: Tensor): Tensor {
  return module.within(name, (map) => add(productInOut(x, map.get("weight")), map.get("bias")))
}

/** Parameters of `linearInOut`. */
export function linearInOutSpecs(
  path: string,
  { inputs, outputs, deviation }: { inputs: number; outputs: number; deviation: number },
): ParameterSpec[] {
  return [matrixSpec(`${path}.weight`, [inputs, outputs], deviation), biasSpec(`${path}.bias`, outputs)]
}
