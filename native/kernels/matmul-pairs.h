// Left blocks and products of bf16 by the instruction vdpbf16ps, of level avx512bf16: what Arithmetic::pairs is.
#pragma once

#include "matmul-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

// packLeft, multiplyPanels and multiplyPanelsByRows (matmul-block.h); `panelStep` is in pairs.
void packLeftPairs(const LeftMatrix& left, int64_t row, int64_t rows, int64_t k, int64_t inner, int32_t* to);
void multiplyPanelsByPairs(const LeftBlock& left, int64_t rows, int64_t inner, const int32_t* right, int64_t panelStep,
                           int panels, float* sums, int64_t sumStride, Start start);
void multiplyRowsByPairs(const int32_t* left, int64_t rows, int64_t inner, const int32_t* right, int64_t panelStep,
                         int panels, float* sums, int64_t sumStride, Start start);

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
