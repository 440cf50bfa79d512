// Every kernel of a level, by name. Each is defined in its own file, inside the namespace of the level it is compiled
// for, so that no two levels can be mixed up when their shared objects live in one process:
//
//   namespace glossa::GLOSSA_LEVEL { void matmul(const Call& call, Team& team) { ... } }
#pragma once

#include "kernel.h"

// The build passes exactly one GLOSSA_LEVEL_*; GLOSSA_LEVEL is the namespace of that level.
#if defined(GLOSSA_LEVEL_SCALAR)
#define GLOSSA_LEVEL scalar
#elif defined(GLOSSA_LEVEL_AVX2)
#define GLOSSA_LEVEL avx2
#elif defined(GLOSSA_LEVEL_AVX512)
#define GLOSSA_LEVEL avx512
#elif defined(GLOSSA_LEVEL_AVX512BF16)
#define GLOSSA_LEVEL avx512bf16
#elif defined(GLOSSA_LEVEL_AMX)
#define GLOSSA_LEVEL amx
#elif defined(GLOSSA_LEVEL_NEON)
#define GLOSSA_LEVEL neon
#else
#error "compile with one of GLOSSA_LEVEL_SCALAR, _AVX2, _AVX512, _AVX512BF16, _AMX, _NEON"
#endif

namespace glossa::GLOSSA_LEVEL {

void elementwise(const Call& call, Team& team);
void elementwiseRows(const Call& call, Team& team);
void transpose(const Call& call, Team& team);
void slice(const Call& call, Team& team);
void concatenate(const Call& call, Team& team);
void sum(const Call& call, Team& team);
void maximumAlong(const Call& call, Team& team);
void sumOfSquares(const Call& call, Team& team);
void softmax(const Call& call, Team& team);
void logSumExp(const Call& call, Team& team);
void layerNorm(const Call& call, Team& team);
void layerNormGradient(const Call& call, Team& team);
void rmsNorm(const Call& call, Team& team);
void rmsNormGradient(const Call& call, Team& team);
void rope(const Call& call, Team& team);
void embedding(const Call& call, Team& team);
void embeddingGradient(const Call& call, Team& team);
void pack(const Call& call, Team& team);
void matmul(const Call& call, Team& team);
void matmulElementwise(const Call& call, Team& team);
void quantizedMatmul(const Call& call, Team& team);
void quantizedEmbedding(const Call& call, Team& team);
void attention(const Call& call, Team& team);
void attentionGradient(const Call& call, Team& team);
void cachedAttention(const Call& call, Team& team);
void cacheWrite(const Call& call, Team& team);
void linearCrossEntropy(const Call& call, Team& team);
void linearCrossEntropyGradient(const Call& call, Team& team);
void sample(const Call& call, Team& team);
void adamW(const Call& call, Team& team);
void fill(const Call& call, Team& team);
void topCandidates(const Call& call, Team& team);
void round(const Call& call, Team& team);
void randomNormal(const Call& call, Team& team);

// log(sum(exp(row))) in fixed chunks of 1,024, chunks joined in ascending order: the one function every
// log-probability comes from (logSumExp, linearCrossEntropy, sample, topCandidates). Defined in log-sum-exp.cc.
float rowLogSumExp(const float* row, int64_t count);

}  // namespace glossa::GLOSSA_LEVEL
