// log(Σ exp) of a row, the one way in which every log-probability's denominator is computed: chunks of 1,024 elements,
// each reduced to (maximum, Σ exp(x − maximum)), chunks joined in ascending order.
#pragma once

#include <limits>

#include "../simd/math.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

constexpr int64_t logSumExpChunk = 1024;

struct ExponentialSum {
  float maximum = -std::numeric_limits<float>::infinity();
  float sum = 0;  // Σ exp(x − maximum)

  // Takes in the chunk that comes next.
  void join(const ExponentialSum& next) {
    if (next.maximum == -std::numeric_limits<float>::infinity()) return;
    const float larger = next.maximum > maximum ? next.maximum : maximum;
    float scales[vectorLanes] = {maximum - larger, next.maximum - larger};
    store(scales, exp(load(scales)));
    sum = sum * scales[0] + next.sum * scales[1];
    maximum = larger;
  }

  float logarithm() const {
    float value[vectorLanes];
    store(value, log(broadcast(sum)));
    return maximum + value[0];
  }
};

// One chunk (at most 1,024 elements): sixteen lanes, vectors in ascending order, then the fixed tree.
inline ExponentialSum sumExponentials(const float* values, int64_t count) {
  // Maxima do not depend on their order: four at a time need not wait for one another.
  const F32x16 lowest = broadcast(-std::numeric_limits<float>::infinity());
  F32x16 largest[4] = {lowest, lowest, lowest, lowest};
  int64_t at = 0;
  for (; at + 4 * vectorLanes <= count; at += 4 * vectorLanes)
    _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++)
      largest[i] = maximum(load(values + at + i * vectorLanes), largest[i]);
  for (; at < count; at += vectorLanes) {
    const int some = count - at < vectorLanes ? static_cast<int>(count - at) : vectorLanes;
    largest[0] = maximum(select(firstLanes(some), load(values + at, some), lowest), largest[0]);
  }
  ExponentialSum result;
  result.maximum = horizontalMaximum(maximum(maximum(largest[0], largest[1]), maximum(largest[2], largest[3])));
  // A chunk that is masked away wholly adds nothing (and ∞ − ∞ must not be taken); a NaN in it must still come through.
  if (result.maximum == -std::numeric_limits<float>::infinity()) {
    for (int64_t i = 0; i < count; i++)
      if (values[i] != values[i]) result.maximum = result.sum = values[i];
    return result;
  }
  const F32x16 shift = broadcast(result.maximum);
  F32x16 sum = zero();
  for (int64_t i = 0; i < count; i += vectorLanes) {
    const int some = count - i < vectorLanes ? static_cast<int>(count - i) : vectorLanes;
    const F32x16 value = expBelow88(load(values + i, some) - shift);
    sum = sum + (some == vectorLanes ? value : select(firstLanes(some), value, zero()));
  }
  result.sum = horizontalSum(sum);
  return result;
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
