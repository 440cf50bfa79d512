// The packed form of a matmul's right operand R[K, N], shared by training and generation, and how a piece of it is made.
//
//   packedF32   panels of 16 columns; a panel is [K][16] floats.
//   packedBf16  panels of 16 columns; a panel is [roundUp(K, 32) / 2][16] pairs: the pair at (i, column) holds R[2 i] in
//               its low half and R[2 i + 1] in its high half (64 bytes a row of pairs: sixteen rows are one AMX tile).
//
// Columns beyond N and, in bf16, rows beyond K are zero.
#pragma once

#include <algorithm>

#include "../simd/transpose.h"
#include "../simd/vector.h"
#include "kernel.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

constexpr int panelColumns = 16;
// A bf16 dot product is summed in steps of this many inner elements.
constexpr int64_t dotStep = 32;

inline int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t roundUp(int64_t a, int64_t multiple) { return ceilDivide(a, multiple) * multiple; }

// Bytes of one panel for this run's K.
inline int64_t panelBytes(DType packed, int64_t inner) {
  return packed == DType::packedBf16 ? roundUp(inner, dotStep) * panelColumns * 2 : inner * panelColumns * 4;
}

// Elements from one row to the next of an operand of rank ≤ 2.
inline int64_t rowStrideOf(const Operand& operand) {
  if (operand.rowStride > 0) return operand.rowStride;
  return operand.rank == 0 ? 1 : operand.dims[operand.rank - 1];
}

// A matrix in memory, f32 or bf16; element (row, column) is at row · stride + column.
struct Matrix {
  const void* data;
  bool bf16;
  int64_t stride;

  F32x16 load(int64_t row, int64_t column, int count) const {
    const int64_t at = row * stride + column;
    return bf16 ? LEVEL_NAMESPACE::loadBf16(static_cast<const uint16_t*>(data) + at, count)
                : LEVEL_NAMESPACE::load(static_cast<const float*>(data) + at, count);
  }
  // Sixteen pairs of bf16 from `count` ≤ 32 neighbours in a row: (column, column + 1), (column + 2, column + 3) …. A
  // matrix of bf16 has them ready. What is behind the last one is zero.
  I32x16 pairsAlong(int64_t row, int64_t column, int count) const {
    if (bf16 && count >= 32) {
      return loadInt(reinterpret_cast<const int32_t*>(static_cast<const uint16_t*>(data) + row * stride + column));
    }
    const F32x16 first = load(row, column, std::clamp(count, 0, 16));
    return bf16Row(first, count > 16 ? load(row, column + 16, std::min(count - 16, 16)) : zero());
  }
  // The pairs (row, row + 1) of `count` neighbouring columns; of the two rows only `rows` are there, the others are zero.
  I32x16 pairsDown(int64_t row, int rows, int64_t column, int count) const {
    const F32x16 even = rows > 0 ? load(row, column, count) : zero(), odd = rows > 1 ? load(row + 1, column, count) : zero();
    return bf16 ? shiftRight<16>(asInt(even)) | asInt(odd) : bf16Pairs(even, odd);
  }
};

// Fills panels first … end − 1, the first one at `to`. The source is R[K, N], or R transposed ([N, K]).
void packPanels(DType packed, const Matrix& source, bool transposed, int64_t inner, int64_t columns, int64_t first,
                int64_t end, void* to);

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
