/** Norms over the last axis, with the parameters of a submodule. */
import { layerNorm, rmsNorm, type Tensor } from "../../engine/index.ts"
import type { Module } from "./module.ts"
import { biasSpec, type ParameterSpec, scaleSpec } from "./parameters.ts"

/**
 * `layerNorm` with the `weight` and `bias` of the submodule `name`.
 *
 * @shape   x        [rows, width]
 * @shape   returns  [rows, width]   float32
 */
export function namedLayerNorm(module: Module, name: string, x: Tensor, epsilon: number): Tensor {
  return module.within(name, (norm) => layerNorm(x, norm.get("weight"), norm.find("bias"), { epsilon }))
}

export function layerNormSpecs(path: string, width: number): ParameterSpec[] {
  return [scaleSpec(`${path}.weight`, width), biasSpec(`${path}.bias`, width)]
}

/**
 * `rmsNorm` with the `weight` of the submodule `name`.
 *
 * @shape   x        [rows, width]
 * @shape   returns  [rows, width]   float32
 */
export function namedRmsNorm(module: Module, name: string, x: Tensor, epsilon: number): Tensor {
  return module.within(name, (norm) => rmsNorm(x, norm.get("weight"), { epsilon }))
}

export function rmsNormSpecs(path: string, width: number): ParameterSpec[] {
  return [scaleSpec(`${path}.weight`, width)]
}
