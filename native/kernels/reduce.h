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

// The sum over [0, count): partials of 4,096 elements, added ascending.
template <class Term> float laneSum(int64_t count, const Term& term) {
  float total = 0;
  for (int64_t begin = 0; begin < count; begin += partialElements) {
    total += partialSum(begin, std::min(count, begin + partialElements), term);
  }
  return total;
}

// out[column] = accumulator[column] (or zero) + the sum of term(row, column, lanes) over all rows, for columns
// [begin, end) with end − begin ≤ stripColumns: rows in blocks of 32, each block's partial ascending from zero, the
// partials added ascending. So micro-batches of whole blocks continue one another exactly.
constexpr int64_t stripColumns = 128;
template <class Term>
void rowBlockSum(int64_t rows, int64_t begin, int64_t end, const float* accumulator, float* out, const Term& term) {
  float total[stripColumns], partial[stripColumns];
  const int64_t columns = end - begin;
  for (int64_t i = 0; i < stripColumns; i++) total[i] = accumulator == nullptr || i >= columns ? 0.0f : accumulator[i];
  for (int64_t block = 0; block < rows; block += rowsPerBlock) {
    const int64_t blockEnd = std::min(rows, block + rowsPerBlock);
    for (int64_t i = 0; i < stripColumns; i++) partial[i] = 0.0f;
    for (int64_t row = block; row < blockEnd; row++) {
      for (int64_t i = 0; i < columns; i += vectorLanes) {
        const F32x16 value = term(row, begin + i, lanesFrom(i, columns));
        store(partial + i, load(partial + i) + value);
      }
    }
    for (int64_t i = 0; i < columns; i += vectorLanes) store(total + i, load(total + i) + load(partial + i));
  }
  for (int64_t i = 0; i < columns; i++) out[i] = total[i];
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
