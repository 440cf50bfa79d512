/** Layers: functions over traced tensors and the parameters of a module. */
export { type AttentionContext, type AttentionSettings, packedAttention } from "./attention-context.ts"
export {
  ACTIVATION_NAMES,
  ACTIVATIONS,
  type ActivationName,
  gatedFeedForward,
  plainFeedForward,
} from "./feed-forward.ts"
export { joinHeads, splitHeads } from "./heads.ts"
export { linear, linearInOut, linearInOutSpecs, linearSpecs, linears } from "./linear.ts"
export { product, productInOut, tableRows, tokenLosses, wantedRows } from "./matrices.ts"
export { Module } from "./module.ts"
export { layerNormSpecs, namedLayerNorm, namedRmsNorm, rmsNormSpecs } from "./norms.ts"
export {
  type BlockParameter,
  biasSpec,
  countParameters,
  type InitialNumbers,
  matrixSpec,
  type ParameterSpec,
  Parameters,
  scaleSpec,
} from "./parameters.ts"
export { type RotaryScaling, type RotaryTables, rotary, rotaryFrequencies, rotaryTables } from "./rotary.ts"
