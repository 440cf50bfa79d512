/** The cases of every operation: the door for tests and timing. One that lacks cases does not type-check. */

import { absoluteCases } from "./absolute.cases.ts"
import { adamWCases } from "./adam-w.cases.ts"
import { addCases } from "./add.cases.ts"
import { attentionCases } from "./attention.cases.ts"
import { attentionGradientCases } from "./attention-gradient.cases.ts"
import { broadcastCases } from "./broadcast.cases.ts"
import { cacheWriteCases } from "./cache-write.cases.ts"
import { cachedAttentionCases } from "./cached-attention.cases.ts"
import { concatenateCases } from "./concatenate.cases.ts"
import { cosCases } from "./cos.cases.ts"
import { divideCases } from "./divide.cases.ts"
import { embeddingCases } from "./embedding.cases.ts"
import { embeddingGradientCases } from "./embedding-gradient.cases.ts"
import { equalCases } from "./equal.cases.ts"
import { erfCases } from "./erf.cases.ts"
import { expCases } from "./exp.cases.ts"
import { finiteCases } from "./finite.cases.ts"
import { geluErfCases } from "./gelu-erf.cases.ts"
import { geluErfGradientCases } from "./gelu-erf-gradient.cases.ts"
import { geluTanhCases } from "./gelu-tanh.cases.ts"
import { geluTanhGradientCases } from "./gelu-tanh-gradient.cases.ts"
import { gradientSumCases } from "./gradient-sum.cases.ts"
import { greaterCases } from "./greater.cases.ts"
import { greaterEqualCases } from "./greater-equal.cases.ts"
import type { OpName } from "./index.ts"
import { layerNormCases } from "./layer-norm.cases.ts"
import { layerNormGradientCases } from "./layer-norm-gradient.cases.ts"
import { linearCrossEntropyCases } from "./linear-cross-entropy.cases.ts"
import { linearCrossEntropyGradientCases } from "./linear-cross-entropy-gradient.cases.ts"
import { logCases } from "./log.cases.ts"
import { logSumExpCases } from "./log-sum-exp.cases.ts"
import { matmulCases } from "./matmul.cases.ts"
import { maximumCases } from "./maximum.cases.ts"
import { maximumAlongCases } from "./maximum-along.cases.ts"
import { minimumCases } from "./minimum.cases.ts"
import { multiplyCases } from "./multiply.cases.ts"
import { negateCases } from "./negate.cases.ts"
import type { OpCases } from "./op-case.cases.ts"
import { quantizedCrossEntropyCases } from "./quantized-cross-entropy.cases.ts"
import { quantizedEmbeddingCases } from "./quantized-embedding.cases.ts"
import { quantizedMatmulCases } from "./quantized-matmul.cases.ts"
import { randomNormalCases } from "./random-normal.cases.ts"
import { reciprocalCases } from "./reciprocal.cases.ts"
import { reciprocalSqrtCases } from "./reciprocal-sqrt.cases.ts"
import { reluCases } from "./relu.cases.ts"
import { reshapeCases } from "./reshape.cases.ts"
import { rmsNormCases } from "./rms-norm.cases.ts"
import { rmsNormGradientCases } from "./rms-norm-gradient.cases.ts"
import { ropeCases } from "./rope.cases.ts"
import { roundCases } from "./round.cases.ts"
import { sampleCases } from "./sample.cases.ts"
import { selectCases } from "./select.cases.ts"
import { sigmoidCases } from "./sigmoid.cases.ts"
import { siluCases } from "./silu.cases.ts"
import { siluGradientCases } from "./silu-gradient.cases.ts"
import { sinCases } from "./sin.cases.ts"
import { sliceCases } from "./slice.cases.ts"
import { softmaxCases } from "./softmax.cases.ts"
import { splitCases } from "./split.cases.ts"
import { sqrtCases } from "./sqrt.cases.ts"
import { squareCases } from "./square.cases.ts"
import { subtractCases } from "./subtract.cases.ts"
import { sumCases } from "./sum.cases.ts"
import { sumOfSquaresCases } from "./sum-of-squares.cases.ts"
import { tanhCases } from "./tanh.cases.ts"
import { topCandidatesCases } from "./top-candidates.cases.ts"
import { transposeCases } from "./transpose.cases.ts"

export { CaseData, type ModelSizes, type OpCase, type OpCases, repeatNumbers } from "./op-case.cases.ts"

export const OP_CASES = {
  absolute: absoluteCases,
  adamW: adamWCases,
  add: addCases,
  attentionGradient: attentionGradientCases,
  attention: attentionCases,
  broadcast: broadcastCases,
  cacheWrite: cacheWriteCases,
  cachedAttention: cachedAttentionCases,
  concatenate: concatenateCases,
  cos: cosCases,
  divide: divideCases,
  embeddingGradient: embeddingGradientCases,
  embedding: embeddingCases,
  equal: equalCases,
  erf: erfCases,
  exp: expCases,
  geluErfGradient: geluErfGradientCases,
  geluErf: geluErfCases,
  geluTanhGradient: geluTanhGradientCases,
  geluTanh: geluTanhCases,
  gradientSum: gradientSumCases,
  greaterEqual: greaterEqualCases,
  greater: greaterCases,
  finite: finiteCases,
  layerNormGradient: layerNormGradientCases,
  layerNorm: layerNormCases,
  linearCrossEntropyGradient: linearCrossEntropyGradientCases,
  linearCrossEntropy: linearCrossEntropyCases,
  logSumExp: logSumExpCases,
  log: logCases,
  matmul: matmulCases,
  maximumAlong: maximumAlongCases,
  maximum: maximumCases,
  minimum: minimumCases,
  multiply: multiplyCases,
  negate: negateCases,
  quantizedCrossEntropy: quantizedCrossEntropyCases,
  quantizedEmbedding: quantizedEmbeddingCases,
  quantizedMatmul: quantizedMatmulCases,
  reciprocalSqrt: reciprocalSqrtCases,
  randomNormal: randomNormalCases,
  reciprocal: reciprocalCases,
  relu: reluCases,
  reshape: reshapeCases,
  rmsNormGradient: rmsNormGradientCases,
  rmsNorm: rmsNormCases,
  rope: ropeCases,
  round: roundCases,
  sample: sampleCases,
  select: selectCases,
  sigmoid: sigmoidCases,
  siluGradient: siluGradientCases,
  silu: siluCases,
  sin: sinCases,
  slice: sliceCases,
  softmax: softmaxCases,
  split: splitCases,
  sqrt: sqrtCases,
  square: squareCases,
  subtract: subtractCases,
  sumOfSquares: sumOfSquaresCases,
  sum: sumCases,
  tanh: tanhCases,
  topCandidates: topCandidatesCases,
  transpose: transposeCases,
} satisfies Record<OpName, OpCases>
