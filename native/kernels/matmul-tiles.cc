#include "matmul-tiles.h"

#if defined(GLOSSA_LEVEL_AMX)

#include "../simd/tile.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

// A row of a tile is sixteen pairs of one row of the left operand.
void packLeftTiles(const LeftMatrix& left, int64_t row, int64_t rows, int64_t k, int64_t inner, uint16_t* to) {
  const int64_t steps = ceilDivide(inner, dotStep);
  for (int64_t strip = 0; strip < rows; strip += tileRows) {
    const int height = static_cast<int>(std::min<int64_t>(tileRows, rows - strip));
    for (int64_t step = 0; step < steps; step++, to += tileElements) {
      const int64_t start = k + step * dotStep;
      const int real = static_cast<int>(std::min<int64_t>(inner - step * dotStep, dotStep));
      F32x16 square[tileRows];
      for (int i = 0; i < tileRows; i++) {
        if (left.transposed) square[i] = asFloat(left.matrix.pairsDown(start + 2 * i, real - 2 * i, row + strip, height));
        else square[i] = i < height ? asFloat(left.matrix.pairsAlong(row + strip + i, start, real)) : zero();
      }
      if (left.transposed) transpose16(square);
      for (int i = 0; i < tileRows; i++) storeInt(reinterpret_cast<int32_t*>(to) + i * 16, asInt(square[i]));
    }
  }
}

namespace {

// Inner elements of one pass: two panels of 512 bf16 are 32 KB, the first cache.
constexpr int64_t passSteps = 512 / dotStep;

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
  const int64_t steps = ceilDivide(inner, dotStep);
  for (int64_t step = 0; step < steps; step += passSteps, start = Start::sums) {
    const int64_t some = std::min(passSteps, steps - step);
    const uint8_t* rightNow = right + step * 1024;
    for (int64_t row = 0; row < rows; row += 2 * tileRows) {
      LeftTiles now = left;
      now.data += row / tileRows * left.stripStep + step * left.innerStep;
      float* sumsNow = sums + row * sumStride;
      const bool two = rows - row > tileRows;
      if (two && panels == 2) multiplyTiles<2, 2>(now, some, rightNow, panelStride, sumsNow, sumStride, start);
      else if (two) multiplyTiles<2, 1>(now, some, rightNow, panelStride, sumsNow, sumStride, start);
      else if (panels == 2) multiplyTiles<1, 2>(now, some, rightNow, panelStride, sumsNow, sumStride, start);
      else multiplyTiles<1, 1>(now, some, rightNow, panelStride, sumsNow, sumStride, start);
    }
  }
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa

#endif
