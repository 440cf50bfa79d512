// Activations as int8 in blocks of 32: how every product with weights in blocks rounds its left side.
//
//   d = max|x| / 127,  a = x · (127 / max|x|) rounded to nearest, ties to even
//   below 2⁻¹¹⁹ all zero; with a NaN or an infinity in it d = NaN and all zero
#pragma once

#include "block-panels.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

// Up to sixteen blocks, rounded side by side.
struct RoundedBlocks {
  static constexpr int64_t most = 16;
  alignas(64) int8_t values[most][blockInputs];
  alignas(64) float scales[most];
  alignas(64) int32_t sums[most];  // Σ a

  // Rounds `count` ≤ 16 blocks, block i at x + i · stride; the others become zero.
  void round(const float* x, int64_t stride, int64_t count);
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
