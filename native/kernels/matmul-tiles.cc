// Left blocks and micro-kernel of matmul-tiles.h: 32 × 32 sums in four tiles, so that each tile loaded is used twice.
//
// What each step gained has been seen on stand-ins only, which take about the time of the instructions
// (docs/log/2026-11-22-beside-the-tiles.md and …-between-runs.md):
//   a transposed left side packed by whole lines, steps of 32 outermost      a weight's gradient 5 to 24 % faster
//   no passes over the inner elements: of the panels nothing would stay      1,024 inner elements and more 3 to 24 %
//   as many blocks of rows as tasks, so that each is arranged once           1,536 × 4,096 × 384 in 3.6 → 2.9 ms
#include "matmul-tiles.h"

#if defined(GLOSSA_LEVEL_AMX)

#include "../simd/tile.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

// A row of a tile is sixteen pairs of one row of the left operand.
void packTile(const LeftMatrix& left, int64_t row, int height, int64_t k, int real, uint16_t* to) {
  F32x16 square[tileRows];
  for (int i = 0; i < tileRows; i++) {
    if (left.transposed) square[i] = asFloat(left.matrix.pairsDown(k + 2 * i, real - 2 * i, row, height));
    else square[i] = i < height ? asFloat(left.matrix.pairsAlong(row + i, k, real)) : zero();
  }
  if (left.transposed) transpose16(square);
  for (int i = 0; i < tileRows; i++) storeInt(reinterpret_cast<int32_t*>(to) + i * 16, asInt(square[i]));
}

// Two neighbouring tiles of a transposed operand of bf16, whose rows are then read by whole lines. Rows k and k + 1
// interleaved are pairs: of four columns in one vector, of the next four in the other, and so on.
void packTwoTiles(const uint16_t* from, int64_t stride, uint16_t* first, uint16_t* second) {
  F32x16 low[tileRows], high[tileRows];
  _Pragma("GCC unroll 16") for (int i = 0; i < tileRows; i++) {
    const __m512i even = _mm512_loadu_si512(from + 2 * i * stride);
    const __m512i odd = _mm512_loadu_si512(from + (2 * i + 1) * stride);
    low[i] = {{_mm512_castsi512_ps(_mm512_unpacklo_epi16(even, odd))}};
    high[i] = {{_mm512_castsi512_ps(_mm512_unpackhi_epi16(even, odd))}};
  }
  transpose16(low);
  transpose16(high);
  _Pragma("GCC unroll 16") for (int i = 0; i < tileRows; i++) {
    const int column = i / 4 * 8 + i % 4;
    int32_t* const tile = reinterpret_cast<int32_t*>(column < tileRows ? first : second);
    storeInt(tile + column % tileRows * 16, asInt(low[i]));
    storeInt(tile + (column + 4) % tileRows * 16, asInt(high[i]));
  }
}

}  // namespace

void packLeftTiles(const LeftMatrix& left, int64_t row, int64_t rows, int64_t k, int64_t inner, uint16_t* to) {
  const int64_t steps = ceilDivide(inner, dotStep);
  const auto tileAt = [&](int64_t strip, int64_t step) { return to + (strip / tileRows * steps + step) * tileElements; };
  const auto packOne = [&](int64_t strip, int64_t step) {
    const int64_t start = step * dotStep;
    packTile(left, row + strip, static_cast<int>(std::min<int64_t>(tileRows, rows - strip)), k + start,
             static_cast<int>(std::min<int64_t>(inner - start, dotStep)), tileAt(strip, step));
  };
  // The outer loop is the one over rows in memory.
  if (!left.transposed) {
    for (int64_t strip = 0; strip < rows; strip += tileRows)
      for (int64_t step = 0; step < steps; step++) packOne(strip, step);
    return;
  }
  for (int64_t step = 0; step < steps; step++) {
    const int64_t start = k + step * dotStep, stride = left.matrix.stride;
    const uint16_t* const from = static_cast<const uint16_t*>(left.matrix.data) + start * stride + row;
    const bool wholeLines = left.matrix.bf16 && (step + 1) * dotStep <= inner;
    int64_t strip = 0;
    for (; wholeLines && strip + 2 * tileRows <= rows; strip += 2 * tileRows)
      packTwoTiles(from + strip, stride, tileAt(strip, step), tileAt(strip + tileRows, step));
    for (; strip < rows; strip += tileRows) packOne(strip, step);
  }
}

namespace {

// A block of (16 or 32 rows) × (16 or 32 columns): with two of each, every loaded tile is used twice. Tiles 0 … 3 hold
// the sums, 4 and 5 the left operand, 6 and 7 the right.
template <int strips, int panels>
void multiplyTiles(const LeftTiles& tiles, int64_t steps, const uint8_t* right, int64_t panelStride, float* sums,
                   int64_t sumStride, Start start) {
  const int64_t stride = sumStride * 4;
  float* const lower = sums + tileRows * sumStride;
  if (start == Start::sums) {
    tileLoad<0>(sums, stride);
    if constexpr (panels == 2) tileLoad<1>(sums + panelColumns, stride);
    if constexpr (strips == 2) tileLoad<2>(lower, stride);
    if constexpr (strips == 2 && panels == 2) tileLoad<3>(lower + panelColumns, stride);
  } else {
    tileZero<0>();
    if constexpr (panels == 2) tileZero<1>();
    if constexpr (strips == 2) tileZero<2>();
    if constexpr (strips == 2 && panels == 2) tileZero<3>();
  }
  const uint16_t* left = tiles.data;
  for (int64_t step = 0; step < steps; step++, left += tiles.innerStep, right += 1024) {
    tileLoad<4>(left, tiles.rowBytes);
    tileLoad<6>(right, 64);
    tileDot<0, 4, 6>();
    if constexpr (panels == 2) {
      tileLoad<7>(right + panelStride, 64);
      tileDot<1, 4, 7>();
    }
    if constexpr (strips == 2) {
      tileLoad<5>(left + tiles.stripStep, tiles.rowBytes);
      tileDot<2, 5, 6>();
      if constexpr (panels == 2) tileDot<3, 5, 7>();
    }
  }
  tileStore<0>(sums, stride);
  if constexpr (panels == 2) tileStore<1>(sums + panelColumns, stride);
  if constexpr (strips == 2) tileStore<2>(lower, stride);
  if constexpr (strips == 2 && panels == 2) tileStore<3>(lower + panelColumns, stride);
}

}  // namespace

void multiplyPanelsByTiles(const LeftTiles& left, int64_t rows, int64_t inner, const uint8_t* right,
                           int64_t panelStride, int panels, float* sums, int64_t sumStride, Start start) {
  // Passes over a part of the inner dimension would keep no panel in the first cache: 32 rows of the left operand, as long
  // as the two panels, go by before a panel's line is read again. They only load and store sums more often.
  const int64_t steps = ceilDivide(inner, dotStep);
  for (int64_t row = 0; row < rows; row += 2 * tileRows) {
    LeftTiles now = left;
    now.data += row / tileRows * left.stripStep;
    float* const sumsNow = sums + row * sumStride;
    const bool two = rows - row > tileRows;
    if (two && panels == 2) multiplyTiles<2, 2>(now, steps, right, panelStride, sumsNow, sumStride, start);
    else if (two) multiplyTiles<2, 1>(now, steps, right, panelStride, sumsNow, sumStride, start);
    else if (panels == 2) multiplyTiles<1, 2>(now, steps, right, panelStride, sumsNow, sumStride, start);
    else multiplyTiles<1, 1>(now, steps, right, panelStride, sumsNow, sumStride, start);
  }
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa

#endif
