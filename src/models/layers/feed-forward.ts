/** Feed-forward layers and the activations that config files name. */
import { geluErf, geluTanh, multiply, relu, silu, type Tensor } from "../../engine/index.ts"
import { linear, linearInOut, linears } from "./linear.ts"
import type { Module } from "./module.ts"

/** Activations by the names of config files. Three of them are the tanh form of GELU under different names. */
export const ACTIVATIONS = {
  gelu: geluErf,
  gelu_fast: geluTanh,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  silu,
  swish: silu,
} as const satisfies Record<string, (x: Tensor) => Tensor>

export type ActivationName = keyof typeof ACTIVATIONS
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as [ActivationName, ...ActivationName[]]

/**
 * Up, activation, down; matrices [in, out].
 *
 *   y = activation(x · c_fc) · c_proj        each with its bias
 *
 * @shape   x        [rows, width]
 * @shape   returns  [rows, width]   float32
 */
export function plainFeedForward(module: Module, x: Tensor, activation: ActivationName): Tensor {
  return linearInOut(module, "c_proj", ACTIVATIONS[activation](linearInOut(module, "c_fc", x)))
}

/**
 * Gated: one projection opens and closes the other. With `silu` this is SwiGLU. Matrices [out, in].
 *
 *   y = down_proj(activation(gate_proj(x)) · up_proj(x))
 *
 * @shape   x        [rows, width]
 * @shape   returns  [rows, width]   float32
 * @paper   Shazeer 2020, arXiv:2002.05202
 */
export function gatedFeedForward(module: Module, x: Tensor, activation: ActivationName): Tensor {
  const projection = linears(module, ["gate_proj", "up_proj"], x)
  const gate = ACTIVATIONS[activation](projection("gate_proj"))
  return linear(module, "down_proj", multiply(gate, projection("up_proj")))
}
