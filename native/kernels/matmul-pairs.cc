// Left blocks and micro-kernel of matmul-pairs.h. A strip is that of f32 (matmul-block.cc), an element of it a pair.
//
// What each step gained, in GFLOP/s of one core, 1,024 columns and inner elements:
//   bf16 by plain fma (matmul-block.cc)                                     108
//   one instruction a pair: strips of 1 row · 2 · 4 · 14, two panels        72 · 141 · 215 · 214
//   the left side packed as pairs, with no way through floats: a weight's gradient,
//   384 × 4,096 × 1,536 with the left side transposed                       171 → 184 to 196
#include "matmul-pairs.h"

#include "matmul-strips.h"

#if defined(GLOSSA_LEVEL_AVX512BF16)

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

// A vector of sums gains the products of sixteen columns' pairs with one row's pair: both bf16 products of a pair in
// one instruction, so twice the rate of plain fma.
template <int rows, int panels, int rowStep>
void multiplyPairs(const int32_t* left, int64_t pairs, const int32_t* right, int64_t panelStep, float* sums,
                   int64_t sumStride, Start start) {
  using Lies = Left<rows, rowStep>;
  __m512 sum[rows][panels];
  _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++)
    _Pragma("GCC unroll 16") for (int panel = 0; panel < panels; panel++)
      sum[row][panel] = start == Start::sums ? _mm512_loadu_ps(sums + row * sumStride + panel * panelColumns)
                                            : _mm512_setzero_ps();
  for (int64_t pair = 0; pair < pairs; pair++, left += Lies::stepK, right += panelColumns) {
    __m512bh column[panels];
    _Pragma("GCC unroll 16") for (int panel = 0; panel < panels; panel++)
      column[panel] = (__m512bh)_mm512_loadu_si512(right + panel * panelStep);
    _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
      const __m512bh element = (__m512bh)_mm512_set1_epi32(left[Lies::ofRow(row)]);
      _Pragma("GCC unroll 16") for (int panel = 0; panel < panels; panel++)
        sum[row][panel] = _mm512_dpbf16_ps(sum[row][panel], element, column[panel]);
    }
  }
  _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++)
    _Pragma("GCC unroll 16") for (int panel = 0; panel < panels; panel++)
      _mm512_storeu_ps(sums + row * sumStride + panel * panelColumns, sum[row][panel]);
}

template <int rows, int rowStep>
void stripPairs(const int32_t* left, int64_t pairs, const int32_t* right, int64_t panelStep, int panels, float* sums,
                int64_t sumStride, Start start) {
  if (panels == 2) multiplyPairs<rows, 2, rowStep>(left, pairs, right, panelStep, sums, sumStride, start);
  else multiplyPairs<rows, 1, rowStep>(left, pairs, right, panelStep, sums, sumStride, start);
}

template <int rowStep, int... height> constexpr auto stripTablePairs(std::integer_sequence<int, height...>) {
  return StripTable<int32_t, int32_t>{{stripPairs<height + 1, rowStep>...}};
}
constexpr auto stripsPairs = stripTablePairs<0>(Heights{}), rowsPairs = stripTablePairs<blockInner / 2>(Heights{});

}  // namespace

void packLeftPairs(const LeftMatrix& left, int64_t row, int64_t rows, int64_t k, int64_t inner, int32_t* to) {
  const Strips strips(rows);
  const int64_t padded = roundUp(inner, dotStep);
  for (int64_t strip = 0; strip < strips.count; strip++) {
    const int height = static_cast<int>(strips.rowsOf(strip));
    const int64_t first = row + strips.firstRow(strip);
    int32_t* at = to + strips.firstRow(strip) * (padded / 2);
    for (int64_t start = 0; start < padded; start += dotStep, at += 16 * height) {
      const int real = static_cast<int>(std::min<int64_t>(inner - start, dotStep));
      if (left.transposed) {
        for (int pair = 0; pair < 16; pair++)
          storeInt(at + pair * height, left.matrix.pairsDown(k + start + 2 * pair, real - 2 * pair, first, height));
        continue;
      }
      F32x16 square[16];
      for (int i = 0; i < 16; i++)
        square[i] = i < height ? asFloat(left.matrix.pairsAlong(first + i, k + start, real)) : zero();
      transpose16(square);
      for (int pair = 0; pair < 16; pair++) storeInt(at + pair * height, asInt(square[pair]));
    }
  }
}

void multiplyPanelsByPairs(const LeftBlock& left, int64_t rows, int64_t inner, const int32_t* right, int64_t panelStep,
                           int panels, float* sums, int64_t sumStride, Start start) {
  const int64_t pairs = roundUp(inner, dotStep) / 2, leftPairs = roundUp(left.inner, dotStep) / 2;
  const Strips strips(rows);
  for (int64_t pair = 0; pair < pairs; pair += passInner, start = Start::sums) {
    const int64_t some = std::min(passInner, pairs - pair);
    for (int64_t strip = 0; strip < strips.count; strip++) {
      const int64_t first = strips.firstRow(strip), height = strips.rowsOf(strip);
      const int32_t* leftNow =
          static_cast<const int32_t*>(left.data) + first * leftPairs + (left.from / 2 + pair) * height;
      stripsPairs.of[height - 1](leftNow, some, right + pair * panelColumns, panelStep, panels,
                                 sums + first * sumStride, sumStride, start);
    }
  }
}

void multiplyRowsByPairs(const int32_t* left, int64_t rows, int64_t inner, const int32_t* right, int64_t panelStep,
                         int panels, float* sums, int64_t sumStride, Start start) {
  const Strips strips(rows);
  for (int64_t strip = 0; strip < strips.count; strip++) {
    const int64_t first = strips.firstRow(strip), height = strips.rowsOf(strip);
    rowsPairs.of[height - 1](left + first * (blockInner / 2), roundUp(inner, dotStep) / 2, right, panelStep, panels,
                             sums + first * sumStride, sumStride, start);
  }
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa

#endif
