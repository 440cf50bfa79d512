// The one function a kernel library exports: its kernels in the order of their numbers.
#include "../generated/ops.h"
#include "kernels.h"

namespace glossa::GLOSSA_LEVEL {

static const Kernel table[kernelCount] = {
    elementwise,
    elementwiseRows,
    transpose,
    slice,
    concatenate,
    sum,
    maximumAlong,
    sumOfSquares,
    softmax,
    logSumExp,
    layerNorm,
    layerNormGradient,
    rmsNorm,
    rmsNormGradient,
    rope,
    embedding,
    embeddingGradient,
    pack,
    matmul,
    matmulElementwise,
    quantizedMatmul,
    quantizedEmbedding,
    attention,
    attentionGradient,
    cachedAttention,
    cacheWrite,
    linearCrossEntropy,
    linearCrossEntropyGradient,
    sample,
    adamW,
    fill,
    topCandidates,
    round,
    randomNormal,
};

}  // namespace glossa::GLOSSA_LEVEL

extern "C" __attribute__((visibility("default"))) const glossa::Kernel* glossaKernels(int* count) {
  *count = glossa::kernelCount;
  return glossa::GLOSSA_LEVEL::table;
}
