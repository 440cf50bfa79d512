// Left blocks and micro-kernels of matmul-block.h by plain fma; those of other instructions are in matmul-pairs.cc and
// matmul-tiles.cc.
//
// A strip is as many rows as the registers can hold sums for. Its micro-kernel walks down k once, loading each piece of
// the right panel once and multiplying it by every row's element, which is read as a broadcast: the sums stay in
// registers, the strip (a few KB a step) comes from the first cache, the panel from the first or second.
// In bf16 the pair (2 i, 2 i + 1) of a column is one 32-bit lane: shifting it left gives the even element as a float,
// masking it the odd one; two operations for a whole strip of fmas.
//
// What each step gained, in GFLOP/s of one core of AVX-512 (of AVX2) whose fma make 117 at most; f32, 1,024 columns:
//   three plain loops, as the compiler makes vectors of them                          25 (28)
//   the right operand packed, sums of one row and two panels in registers             42 (42)
//   … of 2 rows · 4 · 6 · 14                             71 (74) · 102 (97) · 110 (108) · 109
//   4,096 inner elements, a strip at a time                                            95 (83)
//   … in blocks of 112 rows, passes of 256 inner elements: panels stay in the cache   105 (100)
//   bf16 on AVX-512 in strips of 8 rows instead of 14, columns a power of two          87 → 108
#include "matmul-block.h"

#include "matmul-pairs.h"
#include "matmul-strips.h"
#include "matmul-tiles.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

using parts::Float;

// ---- f32

template <int rows, int width, int rowStep>
void multiplyF32(const float* left, int64_t inner, const float* const* right, float* sums, int64_t sumStride,
                 Start start) {
  using Lies = Left<rows, rowStep>;
  Float sum[rows][width];
  _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++)
    _Pragma("GCC unroll 16") for (int part = 0; part < width; part++)
      sum[row][part] = start == Start::sums ? parts::load(sums + row * sumStride + part * parts::lanes)
                                           : parts::broadcast(0.0f);
  const float* first = right[0];
  const float* second = right[1];
  for (int64_t k = 0; k < inner; k++, left += Lies::stepK, first += panelColumns, second += panelColumns) {
    Float column[width];
    _Pragma("GCC unroll 16") for (int part = 0; part < width; part++)
      column[part] = parts::load((part < partCount ? first : second) + part % partCount * parts::lanes);
    _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
      const Float element = parts::broadcast(left[Lies::ofRow(row)]);
      _Pragma("GCC unroll 16") for (int part = 0; part < width; part++)
        sum[row][part] = parts::fma(element, column[part], sum[row][part]);
    }
  }
  _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++)
    _Pragma("GCC unroll 16") for (int part = 0; part < width; part++)
      parts::store(sums + row * sumStride + part * parts::lanes, sum[row][part]);
}

// ---- bf16 by plain fma

enum class Chain { even, odd, both };

// One step of 32 k: the even chain, the odd one, or both side by side, from zero.
template <int rows, int width, int rowStep, Chain chain>
inline void runChains(const float* left, const int32_t* first, const int32_t* second, Float (&even)[rows][width],
                      Float (&odd)[rows][width]) {
  using Lies = Left<rows, rowStep>;
  const parts::Int upperHalf = parts::broadcastInt(static_cast<int32_t>(0xffff0000u));
  _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++)
    _Pragma("GCC unroll 16") for (int part = 0; part < width; part++) {
      if constexpr (chain != Chain::odd) even[row][part] = parts::broadcast(0.0f);
      if constexpr (chain != Chain::even) odd[row][part] = parts::broadcast(0.0f);
    }
  for (int pair = 0; pair < dotStep / 2; pair++, left += 2 * Lies::stepK, first += panelColumns, second += panelColumns) {
    Float evenColumn[width], oddColumn[width];
    _Pragma("GCC unroll 16") for (int part = 0; part < width; part++) {
      const parts::Int bits = parts::loadInt((part < partCount ? first : second) + part % partCount * parts::lanes);
      if constexpr (chain != Chain::odd) evenColumn[part] = parts::asFloat(parts::shiftLeft<16>(bits));
      if constexpr (chain != Chain::even) oddColumn[part] = parts::asFloat(parts::andInt(bits, upperHalf));
    }
    if constexpr (chain != Chain::odd) {
      _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
        const Float element = parts::broadcast(left[Lies::ofRow(row)]);
        _Pragma("GCC unroll 16") for (int part = 0; part < width; part++)
          even[row][part] = parts::fma(element, evenColumn[part], even[row][part]);
      }
    }
    if constexpr (chain != Chain::even) {
      _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
        const Float element = parts::broadcast(left[Lies::stepK + Lies::ofRow(row)]);
        _Pragma("GCC unroll 16") for (int part = 0; part < width; part++)
          odd[row][part] = parts::fma(element, oddColumn[part], odd[row][part]);
      }
    }
  }
}

template <int rows, int width, int rowStep>
void multiplyBf16(const float* left, int64_t inner, const int32_t* const* right, float* sums, int64_t sumStride,
                  Start start) {
  const int32_t* first = right[0];
  const int32_t* second = right[1];
  constexpr int64_t step = dotStep / 2 * panelColumns, leftStep = dotStep * Left<rows, rowStep>::stepK;
  for (int64_t k = 0; k < inner; k += dotStep, left += leftStep, first += step, second += step) {
    Float even[rows][width], odd[rows][width];
    if constexpr (chainsTogether) {
      runChains<rows, width, rowStep, Chain::both>(left, first, second, even, odd);
    } else {
      runChains<rows, width, rowStep, Chain::even>(left, first, second, even, odd);
      runChains<rows, width, rowStep, Chain::odd>(left, first, second, even, odd);
    }
    const bool fromZero = k == 0 && start == Start::zero;
    _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++)
      _Pragma("GCC unroll 16") for (int part = 0; part < width; part++) {
        float* at = sums + row * sumStride + part * parts::lanes;
        const Float before = fromZero ? parts::broadcast(0.0f) : parts::load(at);
        parts::store(at, parts::add(before, parts::add(even[row][part], odd[row][part])));
      }
  }
}

// All columns of a strip, as many parts at a time as the registers hold.
template <int rows, int rowStep>
void stripF32(const float* left, int64_t inner, const float* right, int64_t panelStep, int panels, float* sums,
              int64_t sumStride, Start start) {
  constexpr int width = partsF32(rows);
  if constexpr (width == 2 * partCount) {
    if (panels == 2) {
      const float* both[2] = {right, right + panelStep};
      return multiplyF32<rows, width, rowStep>(left, inner, both, sums, sumStride, start);
    }
  }
  constexpr int narrow = width < partCount ? width : partCount;
  for (int panel = 0; panel < panels; panel++) {
    for (int part = 0; part < partCount; part += narrow) {
      const float* at = right + panel * panelStep + part * parts::lanes;
      const float* both[2] = {at, at};
      float* const to = sums + panel * panelColumns + part * parts::lanes;
      multiplyF32<rows, narrow, rowStep>(left, inner, both, to, sumStride, start);
    }
  }
}

template <int rows, int rowStep>
void stripBf16(const float* left, int64_t inner, const int32_t* right, int64_t panelStep, int panels, float* sums,
               int64_t sumStride, Start start) {
  constexpr int width = partsBf16(rows);
  if constexpr (width == 2 * partCount) {
    if (panels == 2) {
      const int32_t* both[2] = {right, right + panelStep};
      return multiplyBf16<rows, width, rowStep>(left, inner, both, sums, sumStride, start);
    }
  }
  constexpr int narrow = width < partCount ? width : partCount;
  for (int panel = 0; panel < panels; panel++) {
    for (int part = 0; part < partCount; part += narrow) {
      const int32_t* at = right + panel * panelStep + part * parts::lanes;
      const int32_t* both[2] = {at, at};
      float* const to = sums + panel * panelColumns + part * parts::lanes;
      multiplyBf16<rows, narrow, rowStep>(left, inner, both, to, sumStride, start);
    }
  }
}

template <int rowStep, int... height> constexpr auto stripTableF32(std::integer_sequence<int, height...>) {
  return StripTable<float, float>{{stripF32<height + 1, rowStep>...}};
}
template <int rowStep, int... height> constexpr auto stripTableBf16(std::integer_sequence<int, height...>) {
  return StripTable<float, int32_t, stripRowsBf16>{{stripBf16<height + 1, rowStep>...}};
}
constexpr auto stripsF32 = stripTableF32<0>(Heights{}), rowsF32 = stripTableF32<blockInner>(Heights{});
constexpr auto stripsBf16 = stripTableBf16<0>(HeightsBf16{}), rowsBf16 = stripTableBf16<blockInner>(HeightsBf16{});

Strips stripsOf(bool bf16, int64_t rows) { return Strips(rows, bf16 ? stripRowsBf16 : stripRows); }

// Strips are written in order, so a store may spill into the next rows' place before they come.
void packLeftStrips(const LeftMatrix& left, bool round, int64_t row, int64_t rows, int64_t k, int64_t inner,
                    float* to) {
  const Strips strips = stripsOf(round, rows);
  const int64_t padded = round ? roundUp(inner, dotStep) : inner;
  round = round && !left.matrix.bf16;
  F32x16 square[16];
  for (int64_t strip = 0; strip < strips.count; strip++) {
    const int height = static_cast<int>(strips.rowsOf(strip));
    const int64_t first = row + strips.firstRow(strip);
    float* at = to + strips.firstRow(strip) * padded;
    for (int64_t start = 0; start < padded; start += 16) {
      const int real = static_cast<int>(std::clamp<int64_t>(inner - start, 0, 16));
      const int some = static_cast<int>(std::min<int64_t>(padded - start, 16));
      if (left.transposed) {
        for (int i = 0; i < some; i++)
          square[i] = i < real ? left.matrix.load(k + start + i, first, height) : zero();
      } else {
        for (int i = 0; i < 16; i++)
          square[i] = i < height && real > 0 ? left.matrix.load(first + i, k + start, real) : zero();
        if (height == 1) {  // its one row is already in order
          store(at + start, round ? roundBf16(square[0]) : square[0], some);
          continue;
        }
        transpose16(square);
      }
      for (int i = 0; i < some; i++) store(at + (start + i) * height, round ? roundBf16(square[i]) : square[i]);
    }
  }
}

}  // namespace

Arithmetic chooseArithmetic(bool bf16, [[maybe_unused]] int64_t rows) {
#if defined(GLOSSA_LEVEL_AMX)
  if (bf16 && rows >= fewestTileRows) return Arithmetic::tiles;
#elif defined(GLOSSA_LEVEL_AVX512BF16)
  if (bf16) return Arithmetic::pairs;
#endif
  return bf16 ? Arithmetic::bf16 : Arithmetic::f32;
}

int64_t blockRows(Arithmetic arithmetic, int64_t inner) {
  if (arithmetic == Arithmetic::tiles) return std::clamp<int64_t>((1 << 20) / (inner + 1) / 32 * 32, 64, 256);
  // About half a megabyte of floats, at least two strips.
  return std::clamp<int64_t>((1 << 17) / (inner + 1) / stripRows, 2, 8) * stripRows;
}

int64_t fullRows(Arithmetic arithmetic) { return arithmetic == Arithmetic::tiles ? 32 : 2 * stripRows; }

int64_t leftBytes(Arithmetic arithmetic, int64_t rows, int64_t inner) {
  if (arithmetic == Arithmetic::tiles) return roundUp(rows, 16) * roundUp(inner, dotStep) * 2;
  if (arithmetic == Arithmetic::pairs) return rows * roundUp(inner, dotStep) * 2 + 64;
  // Storing the last rows of a strip may write a whole vector.
  return rows * (arithmetic == Arithmetic::bf16 ? roundUp(inner, dotStep) : inner) * 4 + 64;
}

void packLeft(Arithmetic arithmetic, const LeftMatrix& left, int64_t row, int64_t rows, int64_t k, int64_t inner,
              void* to) {
#if defined(GLOSSA_LEVEL_AMX)
  if (arithmetic == Arithmetic::tiles) return packLeftTiles(left, row, rows, k, inner, static_cast<uint16_t*>(to));
#elif defined(GLOSSA_LEVEL_AVX512BF16)
  if (arithmetic == Arithmetic::pairs) return packLeftPairs(left, row, rows, k, inner, static_cast<int32_t*>(to));
#endif
  packLeftStrips(left, arithmetic == Arithmetic::bf16, row, rows, k, inner, static_cast<float*>(to));
}

void multiplyPanels(Arithmetic arithmetic, const LeftBlock& left, int64_t rows, int64_t inner, const void* right,
                    int64_t panelStride, int panels, float* sums, int64_t sumStride, Start start) {
  if (inner == 0 && start == Start::zero) {
    for (int64_t row = 0; row < rows; row++) std::fill_n(sums + row * sumStride, panels * panelColumns, 0.0f);
  }
#if defined(GLOSSA_LEVEL_AMX)
  if (arithmetic == Arithmetic::tiles) {
    const LeftTiles tiles{static_cast<const uint16_t*>(left.data) + left.from / dotStep * tileElements, 64,
                          ceilDivide(left.inner, dotStep) * tileElements, tileElements};
    return multiplyPanelsByTiles(tiles, rows, inner, static_cast<const uint8_t*>(right), panelStride, panels, sums,
                                 sumStride, start);
  }
#elif defined(GLOSSA_LEVEL_AVX512BF16)
  if (arithmetic == Arithmetic::pairs) {
    return multiplyPanelsByPairs(left, rows, inner, static_cast<const int32_t*>(right),
                                 panelStride / 4, panels, sums, sumStride, start);
  }
#endif
  const bool bf16 = arithmetic == Arithmetic::bf16;
  const int64_t padded = bf16 ? roundUp(inner, dotStep) : inner;
  const int64_t leftPadded = bf16 ? roundUp(left.inner, dotStep) : left.inner;
  const Strips strips = stripsOf(bf16, rows);
  for (int64_t k = 0; k < padded; k += passInner, start = Start::sums) {
    const int64_t some = std::min(passInner, padded - k);
    for (int64_t strip = 0; strip < strips.count; strip++) {
      const int64_t first = strips.firstRow(strip), height = strips.rowsOf(strip);
      const float* leftNow = static_cast<const float*>(left.data) + first * leftPadded + (left.from + k) * height;
      float* sumsNow = sums + first * sumStride;
      if (bf16) {
        stripsBf16.of[height - 1](leftNow, some, static_cast<const int32_t*>(right) + k / 2 * panelColumns,
                                  panelStride / 4, panels, sumsNow, sumStride, start);
      } else {
        stripsF32.of[height - 1](leftNow, some, static_cast<const float*>(right) + k * panelColumns, panelStride / 4,
                                 panels, sumsNow, sumStride, start);
      }
    }
  }
}

void multiplyPanelsByRows(Arithmetic arithmetic, const void* left, int64_t rows, int64_t inner, const void* right,
                          int64_t panelStride, int panels, float* sums, int64_t sumStride, Start start) {
#if defined(GLOSSA_LEVEL_AMX)
  if (arithmetic == Arithmetic::tiles) {
    const LeftTiles tiles{static_cast<const uint16_t*>(left), 2 * blockInner, tileRows * blockInner, dotStep};
    return multiplyPanelsByTiles(tiles, rows, inner, static_cast<const uint8_t*>(right), panelStride, panels, sums,
                                 sumStride, start);
  }
#elif defined(GLOSSA_LEVEL_AVX512BF16)
  if (arithmetic == Arithmetic::pairs) {
    return multiplyRowsByPairs(static_cast<const int32_t*>(left), rows, inner, static_cast<const int32_t*>(right),
                               panelStride / 4, panels, sums, sumStride, start);
  }
#endif
  const int64_t padded = arithmetic == Arithmetic::f32 ? inner : roundUp(inner, dotStep);
  const Strips strips = stripsOf(arithmetic == Arithmetic::bf16, rows);
  for (int64_t strip = 0; strip < strips.count; strip++) {
    const int64_t first = strips.firstRow(strip), height = strips.rowsOf(strip);
    float* const sumsNow = sums + first * sumStride;
    const float* const leftNow = static_cast<const float*>(left) + first * blockInner;
    if (arithmetic == Arithmetic::bf16) {
      rowsBf16.of[height - 1](leftNow, padded, static_cast<const int32_t*>(right), panelStride / 4, panels, sumsNow,
                              sumStride, start);
    } else {
      rowsF32.of[height - 1](leftNow, padded, static_cast<const float*>(right), panelStride / 4, panels, sumsNow,
                             sumStride, start);
    }
  }
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
