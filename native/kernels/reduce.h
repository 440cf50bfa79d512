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

// Columns of one task of the sums below, for `columns` over so many threads: rows are read in runs as long as may be, and
// threads get equal shares.
constexpr int64_t mostStripColumns = 512;
inline int64_t stripWidth(int64_t columns, int threads) {
  const int64_t each = mostStripColumns * threads;
  const int64_t strips = std::max<int64_t>(1, (columns + each - 1) / each) * threads;
  return std::max<int64_t>(vectorLanes, ((columns + strips - 1) / strips + vectorLanes - 1) / vectorLanes * vectorLanes);
}

// Where one of several sums over the same rows goes: out[column] = accumulator[column] (or zero) + the sum.
struct ColumnSums {
  const float* accumulator;
  float* out;
};

// The sums of terms(row, column, lanes, values) over all rows, for columns [begin, end), at most mostStripColumns: rows
// in blocks of 32, each block's partial ascending from zero, the partials added ascending. So micro-batches of whole
// blocks continue one another exactly. Sums are written from `out[begin]` on.
template <int count, class Terms>
void rowBlockSums(int64_t rows, int64_t begin, int64_t end, const ColumnSums (&sums)[count], const Terms& terms) {
  float total[count][mostStripColumns], partial[count][mostStripColumns];
  const int64_t columns = end - begin;
  for (int sum = 0; sum < count; sum++) {
    const float* from = sums[sum].accumulator;
    for (int64_t i = 0; i < mostStripColumns; i++) total[sum][i] = from == nullptr || i >= columns ? 0.0f : from[begin + i];
  }
  for (int64_t block = 0; block < rows; block += rowsPerBlock) {
    const int64_t blockEnd = std::min(rows, block + rowsPerBlock);
    for (int sum = 0; sum < count; sum++) std::fill_n(partial[sum], mostStripColumns, 0.0f);
    for (int64_t row = block; row < blockEnd; row++) {
      for (int64_t i = 0; i < columns; i += vectorLanes) {
        F32x16 values[count];
        terms(row, begin + i, lanesFrom(i, columns), values);
        for (int sum = 0; sum < count; sum++) store(partial[sum] + i, load(partial[sum] + i) + values[sum]);
      }
    }
    for (int sum = 0; sum < count; sum++) {
      for (int64_t i = 0; i < columns; i += vectorLanes) {
        store(total[sum] + i, load(total[sum] + i) + load(partial[sum] + i));
      }
    }
  }
  for (int sum = 0; sum < count; sum++) std::copy_n(total[sum], columns, sums[sum].out + begin);
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
