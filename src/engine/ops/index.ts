/** Every operation, in the order of its name. A definition that lacks a rule does not type-check. */
import type { OpDefinition } from "../graph/index.ts"
import { absoluteOp } from "./absolute.ts"
import { adamWOp } from "./adam-w.ts"
import { addOp } from "./add.ts"
import { attentionOp } from "./attention.ts"
import { attentionGradientOp } from "./attention-gradient.ts"
import { broadcastOp } from "./broadcast.ts"
import { cacheWriteOp } from "./cache-write.ts"
import { cachedAttentionOp } from "./cached-attention.ts"
import { concatenateOp } from "./concatenate.ts"
import { cosOp } from "./cos.ts"
import { divideOp } from "./divide.ts"
import { embeddingOp } from "./embedding.ts"
import { embeddingGradientOp } from "./embedding-gradient.ts"
import { equalOp } from "./equal.ts"
import { erfOp } from "./erf.ts"
import { expOp } from "./exp.ts"
import { finiteOp } from "./finite.ts"
import { geluErfOp } from "./gelu-erf.ts"
import { geluErfGradientOp } from "./gelu-erf-gradient.ts"
import { geluTanhOp } from "./gelu-tanh.ts"
import { geluTanhGradientOp } from "./gelu-tanh-gradient.ts"
import { gradientSumOp } from "./gradient-sum.ts"
import { greaterOp } from "./greater.ts"
import { greaterEqualOp } from "./greater-equal.ts"
import { layerNormOp } from "./layer-norm.ts"
import { layerNormGradientOp } from "./layer-norm-gradient.ts"
import { linearCrossEntropyOp } from "./linear-cross-entropy.ts"
import { linearCrossEntropyGradientOp } from "./linear-cross-entropy-gradient.ts"
import { logOp } from "./log.ts"
import { logSumExpOp } from "./log-sum-exp.ts"
import { matmulOp } from "./matmul.ts"
import { maximumOp } from "./maximum.ts"
import { maximumAlongOp } from "./maximum-along.ts"
import { minimumOp } from "./minimum.ts"
import { multiplyOp } from "./multiply.ts"
import { negateOp } from "./negate.ts"
import { quantizedCrossEntropyOp } from "./quantized-cross-entropy.ts"
import { quantizedEmbeddingOp } from "./quantized-embedding.ts"
import { quantizedMatmulOp } from "./quantized-matmul.ts"
import { randomNormalOp } from "./random-normal.ts"
import { reciprocalOp } from "./reciprocal.ts"
import { reciprocalSqrtOp } from "./reciprocal-sqrt.ts"
import { reluOp } from "./relu.ts"
import { reshapeOp } from "./reshape.ts"
import { rmsNormOp } from "./rms-norm.ts"
import { rmsNormGradientOp } from "./rms-norm-gradient.ts"
import { ropeOp } from "./rope.ts"
import { roundOp } from "./round.ts"
import { sampleOp } from "./sample.ts"
import { selectOp } from "./select.ts"
import { sigmoidOp } from "./sigmoid.ts"
import { siluOp } from "./silu.ts"
import { siluGradientOp } from "./silu-gradient.ts"
import { sinOp } from "./sin.ts"
import { sliceOp } from "./slice.ts"
import { softmaxOp } from "./softmax.ts"
import { splitOp } from "./split.ts"
import { sqrtOp } from "./sqrt.ts"
import { squareOp } from "./square.ts"
import { subtractOp } from "./subtract.ts"
import { sumOp } from "./sum.ts"
import { sumOfSquaresOp } from "./sum-of-squares.ts"
import { tanhOp } from "./tanh.ts"
import { topCandidatesOp } from "./top-candidates.ts"
import { transposeOp } from "./transpose.ts"

export const OPS = {
  absolute: absoluteOp as OpDefinition<never>,
  adamW: adamWOp as OpDefinition<never>,
  add: addOp as OpDefinition<never>,
  attentionGradient: attentionGradientOp as OpDefinition<never>,
  attention: attentionOp as OpDefinition<never>,
  broadcast: broadcastOp as OpDefinition<never>,
  cacheWrite: cacheWriteOp as OpDefinition<never>,
  cachedAttention: cachedAttentionOp as OpDefinition<never>,
  concatenate: concatenateOp as OpDefinition<never>,
  cos: cosOp as OpDefinition<never>,
  divide: divideOp as OpDefinition<never>,
  embeddingGradient: embeddingGradientOp as OpDefinition<never>,
  embedding: embeddingOp as OpDefinition<never>,
  equal: equalOp as OpDefinition<never>,
  erf: erfOp as OpDefinition<never>,
  exp: expOp as OpDefinition<never>,
  geluErfGradient: geluErfGradientOp as OpDefinition<never>,
  geluErf: geluErfOp as OpDefinition<never>,
  geluTanhGradient: geluTanhGradientOp as OpDefinition<never>,
  geluTanh: geluTanhOp as OpDefinition<never>,
  gradientSum: gradientSumOp as OpDefinition<never>,
  greaterEqual: greaterEqualOp as OpDefinition<never>,
  greater: greaterOp as OpDefinition<never>,
  finite: finiteOp as OpDefinition<never>,
  layerNormGradient: layerNormGradientOp as OpDefinition<never>,
  layerNorm: layerNormOp as OpDefinition<never>,
  linearCrossEntropyGradient: linearCrossEntropyGradientOp as OpDefinition<never>,
  linearCrossEntropy: linearCrossEntropyOp as OpDefinition<never>,
  logSumExp: logSumExpOp as OpDefinition<never>,
  log: logOp as OpDefinition<never>,
  matmul: matmulOp as OpDefinition<never>,
  maximumAlong: maximumAlongOp as OpDefinition<never>,
  maximum: maximumOp as OpDefinition<never>,
  minimum: minimumOp as OpDefinition<never>,
  multiply: multiplyOp as OpDefinition<never>,
  negate: negateOp as OpDefinition<never>,
  quantizedCrossEntropy: quantizedCrossEntropyOp as OpDefinition<never>,
  quantizedEmbedding: quantizedEmbeddingOp as OpDefinition<never>,
  quantizedMatmul: quantizedMatmulOp as OpDefinition<never>,
  reciprocalSqrt: reciprocalSqrtOp as OpDefinition<never>,
  randomNormal: randomNormalOp as OpDefinition<never>,
  reciprocal: reciprocalOp as OpDefinition<never>,
  relu: reluOp as OpDefinition<never>,
  reshape: reshapeOp as OpDefinition<never>,
  rmsNormGradient: rmsNormGradientOp as OpDefinition<never>,
  rmsNorm: rmsNormOp as OpDefinition<never>,
  rope: ropeOp as OpDefinition<never>,
  round: roundOp as OpDefinition<never>,
  sample: sampleOp as OpDefinition<never>,
  select: selectOp as OpDefinition<never>,
  sigmoid: sigmoidOp as OpDefinition<never>,
  siluGradient: siluGradientOp as OpDefinition<never>,
  silu: siluOp as OpDefinition<never>,
  sin: sinOp as OpDefinition<never>,
  slice: sliceOp as OpDefinition<never>,
  softmax: softmaxOp as OpDefinition<never>,
  split: splitOp as OpDefinition<never>,
  sqrt: sqrtOp as OpDefinition<never>,
  square: squareOp as OpDefinition<never>,
  subtract: subtractOp as OpDefinition<never>,
  sumOfSquares: sumOfSquaresOp as OpDefinition<never>,
  sum: sumOp as OpDefinition<never>,
  tanh: tanhOp as OpDefinition<never>,
  topCandidates: topCandidatesOp as OpDefinition<never>,
  transpose: transposeOp as OpDefinition<never>,
} satisfies Record<string, OpDefinition<never>>

export type OpName = keyof typeof OPS

export * from "./absolute.ts"
export * from "./adam-w.ts"
export * from "./add.ts"
export * from "./attention.ts"
export * from "./attention-gradient.ts"
export * from "./broadcast.ts"
export * from "./cache-write.ts"
export * from "./cached-attention.ts"
export * from "./concatenate.ts"
export * from "./cos.ts"
export { rowPartialBytes } from "./define-sum.ts"
export * from "./divide.ts"
export * from "./embedding.ts"
export * from "./embedding-gradient.ts"
export * from "./equal.ts"
export * from "./erf.ts"
export * from "./exp.ts"
export * from "./finite.ts"
export * from "./gelu-erf.ts"
export * from "./gelu-erf-gradient.ts"
export * from "./gelu-tanh.ts"
export * from "./gelu-tanh-gradient.ts"
export * from "./gradient-sum.ts"
export * from "./greater.ts"
export * from "./greater-equal.ts"
export { ELEMENTWISE_STEPS, type ElementwiseStep, KERNELS, type KernelName } from "./kernels.ts"
export * from "./layer-norm.ts"
export * from "./layer-norm-gradient.ts"
export * from "./linear-cross-entropy.ts"
export * from "./linear-cross-entropy-gradient.ts"
export * from "./log.ts"
export * from "./log-sum-exp.ts"
export * from "./matmul.ts"
export * from "./maximum.ts"
export * from "./maximum-along.ts"
export * from "./minimum.ts"
export * from "./multiply.ts"
export * from "./negate.ts"
export * from "./philox.ts"
export { quantizedCrossEntropy } from "./quantized-cross-entropy.ts"
export { quantizedEmbedding } from "./quantized-embedding.ts"
export { MOST_WEIGHTS, quantizedMatmul, quantizedMatmuls } from "./quantized-matmul.ts"
export * from "./random-normal.ts"
export * from "./reciprocal.ts"
export * from "./reciprocal-sqrt.ts"
export * from "./relu.ts"
export * from "./reshape.ts"
export * from "./rms-norm.ts"
export * from "./rms-norm-gradient.ts"
export * from "./rope.ts"
export * from "./round.ts"
export * from "./sample.ts"
export * from "./select.ts"
export * from "./sigmoid.ts"
export * from "./silu.ts"
export * from "./silu-gradient.ts"
export * from "./sin.ts"
export * from "./slice.ts"
export * from "./softmax.ts"
export * from "./split.ts"
export * from "./sqrt.ts"
export * from "./square.ts"
export * from "./subtract.ts"
export * from "./sum.ts"
export * from "./sum-of-squares.ts"
export * from "./tanh.ts"
export * from "./top-candidates.ts"
export * from "./transpose.ts"
