// The orders in which numbers are added. Every sum of the engine uses one of these two.
#pragma once

#include <limits>

#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

constexpr int64_t partialElements = 4096;
constexpr int64_t rowsPerBlock = 32;

// The sum of term(index, lanes) over [begin, end): 16 lanes, each ascending, then the tree of horizontalSum.
template <class Term> float partialSum(int64_t begin, int64_t end, const Term& term) {
  F32x16 lanes = zero();
  int64_t index = begin;
  for (; index + vectorLanes <= end; index += vectorLanes) lanes = lanes + term(index, vectorLanes);
  if (index < end) {
    const int count = lanesFrom(index, end);
    lanes = lanes + select(firstLanes(count), term(index, count), zero());
  }
  return horizontalSum(lanes);
}

// Several such sums in one walk: totals[i] is laneSum of the values[i] that terms(index, lanes, values) gives.
template <int count, class Terms> void laneSums(int64_t elements, const Terms& terms, float (&totals)[count]) {
  _Pragma("GCC unroll 8") for (int sum = 0; sum < count; sum++) totals[sum] = 0;
  for (int64_t begin = 0; begin < elements; begin += partialElements) {
    const int64_t end = std::min(elements, begin + partialElements);
    F32x16 partials[count], values[count];
    _Pragma("GCC unroll 8") for (int sum = 0; sum < count; sum++) partials[sum] = zero();
    int64_t index = begin;
    for (; index + vectorLanes <= end; index += vectorLanes) {
      terms(index, vectorLanes, values);
      _Pragma("GCC unroll 8") for (int sum = 0; sum < count; sum++) partials[sum] = partials[sum] + values[sum];
    }
    if (index < end) {
      const int lanes = lanesFrom(index, end);
      terms(index, lanes, values);
      _Pragma("GCC unroll 8") for (int sum = 0; sum < count; sum++)
        partials[sum] = partials[sum] + select(firstLanes(lanes), values[sum], zero());
    }
    _Pragma("GCC unroll 8") for (int sum = 0; sum < count; sum++) totals[sum] += horizontalSum(partials[sum]);
  }
}

// The sum over [0, count): partials of 4,096 elements, added ascending.
template <class Term> float laneSum(int64_t count, const Term& term) {
  float total = 0;
  for (int64_t begin = 0; begin < count; begin += partialElements) {
    total += partialSum(begin, std::min(count, begin + partialElements), term);
  }
  return total;
}

// ---- sums over rows
//
// Rows in blocks of 32: each block's partial ascends from zero, the partials are added ascending to the accumulator (or
// zero). So micro-batches of whole blocks continue one another exactly, and threads may take a block each: every block's
// partial is written down, then the partials are added. That costs a 32nd more of traffic and lets rows be read from end
// to end; splitting by columns instead, each thread jumping over the others' part of a row, reached two fifths of the
// memory's rate.

// Where one of several sums over the same rows goes: out[column] = accumulator[column] (or zero) + the sum.
struct ColumnSums {
  const float* accumulator;
  float* out;
};

// to[sum · stride + column − begin] = the sum over rows [first, last), at most a block, of terms(row, column, lanes,
// values), for columns [begin, end). Row after row: four side by side would load and store partials less often, but
// memory then comes at half the rate.
template <int count, class Terms>
void sumBlock(int64_t first, int64_t last, int64_t begin, int64_t end, const Terms& terms, float* to, int64_t stride) {
  for (int64_t row = first; row < last; row++) {
    for (int64_t column = begin; column < end; column += vectorLanes) {
      const int lanes = lanesFrom(column, end);
      F32x16 values[count];
      terms(row, column, lanes, values);
      for (int sum = 0; sum < count; sum++) {
        float* const at = to + sum * stride + column - begin;
        store(at, (row == first ? zero() : load(at, lanes)) + values[sum], lanes);
      }
    }
  }
}

// out[column] = from[column] (zero where it is null) + the partials of `blocks` blocks, `stride` floats apart, ascending.
inline void addBlocks(const float* partials, int64_t blocks, int64_t stride, int64_t columns, const float* from,
                      float* out) {
  for (int64_t column = 0; column < columns; column += vectorLanes) {
    const int lanes = lanesFrom(column, columns);
    F32x16 total = from == nullptr ? zero() : load(from + column, lanes);
    for (int64_t block = 0; block < blocks; block++) total = total + load(partials + block * stride + column, lanes);
    store(out + column, total, lanes);
  }
}

// The larger of both, or NaN where either is.
inline F32x16 maximumOrNaN(F32x16 a, F32x16 b) { return select(isNaN(a), a, maximum(a, b)); }
inline F32x16 minimumOrNaN(F32x16 a, F32x16 b) { return select(isNaN(a), a, minimum(a, b)); }

// The largest of load(index, lanes) over [0, count), NaN if any is; −infinity for none.
template <class Load> float laneMaximum(int64_t count, const Load& loadAt) {
  const F32x16 lowest = broadcast(-std::numeric_limits<float>::infinity());
  F32x16 largest = lowest;
  int64_t index = 0;
  for (; index + vectorLanes <= count; index += vectorLanes) {
    largest = maximumOrNaN(largest, loadAt(index, vectorLanes));
  }
  if (index < count) {
    const int lanes = lanesFrom(index, count);
    largest = maximumOrNaN(largest, select(firstLanes(lanes), loadAt(index, lanes), lowest));
  }
  float lanes[vectorLanes];
  store(lanes, largest);
  for (int lane = 1; lane < vectorLanes; lane++) {
    if (!(lanes[0] >= lanes[lane]) && lanes[0] == lanes[0]) lanes[0] = lanes[lane];
  }
  return lanes[0];
}

}  // namespace glossa::GLOSSA_LEVEL
