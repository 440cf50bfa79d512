// Left blocks and micro-kernels of matmul-block.h.
//
// A strip is as many rows as the registers can hold sums for. Its micro-kernel walks down k once, loading each piece of
// the right panel once and multiplying it by every row's element, which is read as a broadcast: the sums stay in
// registers, the strip (a few KB a step) comes from the first cache, the panel from the first or second.
// In bf16 the pair (2 i, 2 i + 1) of a column is one 32-bit lane: shifting it left gives the even element as a float,
// masking it the odd one; two operations for a whole strip of fmas.
#include "matmul-block.h"

#include <utility>

#if defined(GLOSSA_LEVEL_AMX)
#include "../simd/tile.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

using parts::Float;

// Rows of a strip at most, and for each strip height the parts (registers) of columns held at once; by registers:
// AVX-512 and NEON have 32, AVX2 16. One register is for the broadcast, one a part for the right operand (two in bf16,
// where also the sums are double, even and odd; with only 16 registers the even chain is run before the odd one).
#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)
constexpr int stripRows = 14;
constexpr bool chainsTogether = true;
constexpr int partsF32(int) { return 2; }
constexpr int partsBf16(int rows) { return rows <= 6 ? 2 : 1; }
#elif defined(GLOSSA_LEVEL_AVX2)
constexpr int stripRows = 6;
constexpr bool chainsTogether = false;
constexpr int partsF32(int rows) { return rows <= 2 ? 4 : 2; }
constexpr int partsBf16(int rows) { return rows <= 2 ? 4 : 2; }
#elif defined(GLOSSA_LEVEL_NEON)
constexpr int stripRows = 6;
constexpr bool chainsTogether = true;
constexpr int partsF32(int rows) { return rows <= 3 ? 8 : 4; }
constexpr int partsBf16(int rows) { return rows <= 3 ? 4 : 2; }
#else
constexpr int stripRows = 4;
constexpr bool chainsTogether = true;
constexpr int partsF32(int) { return 16; }
constexpr int partsBf16(int) { return 16; }
#endif

// Inner elements of one pass: a pass's share of two panels stays in the first cache while all strips use it.
constexpr int64_t passInner = 256;

// Block rows are divided into strips of equal height (± 1), so that no strip is left with one or two rows.
struct Strips {
  int64_t count, shorter, longer;  // `longer` strips of shorter + 1 rows come first
  explicit Strips(int64_t rows) {
    count = ceilDivide(rows, stripRows);
    shorter = rows / count;
    longer = rows % count;
  }
  int64_t rowsOf(int64_t strip) const { return shorter + (strip < longer ? 1 : 0); }
  int64_t firstRow(int64_t strip) const { return strip * shorter + std::min(strip, longer); }
};

// How the left operand of a strip lies: packed, [k][rows of the strip], or row by row with `rowStep` elements (floats or
// pairs) from one to the next, which is known when compiled so that each row's address is a constant away.
template <int stripRows, int rowStep> struct Left {
  static constexpr int64_t stepK = rowStep == 0 ? stripRows : 1;
  static constexpr int64_t ofRow(int row) { return rowStep == 0 ? row : int64_t{row} * rowStep; }
};

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

// One function for each height.
template <class Left, class Right> struct StripTable {
  void (*of[stripRows])(const Left*, int64_t, const Right*, int64_t, int, float*, int64_t, Start);
};
template <int rowStep, int... height> constexpr auto stripTableF32(std::integer_sequence<int, height...>) {
  return StripTable<float, float>{{stripF32<height + 1, rowStep>...}};
}
template <int rowStep, int... height> constexpr auto stripTableBf16(std::integer_sequence<int, height...>) {
  return StripTable<float, int32_t>{{stripBf16<height + 1, rowStep>...}};
}
using Heights = std::make_integer_sequence<int, stripRows>;
constexpr auto stripsF32 = stripTableF32<0>(Heights{}), rowsF32 = stripTableF32<blockInner>(Heights{});
constexpr auto stripsBf16 = stripTableBf16<0>(Heights{}), rowsBf16 = stripTableBf16<blockInner>(Heights{});

// Strips are written in order, so a store may spill into the next rows' place before they come.
void packLeftStrips(const LeftMatrix& left, bool round, int64_t row, int64_t rows, int64_t k, int64_t inner,
                    float* to) {
  const Strips strips(rows);
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

// ---- bf16 by pairs

#if defined(GLOSSA_LEVEL_AVX512BF16)

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

#endif

// ---- bf16 by tiles

#if defined(GLOSSA_LEVEL_AMX)

constexpr int tileRows = 16;
constexpr int64_t tileElements = 16 * 32;
// With fewer rows than this the sums of a tile are mostly padding, and plain fma is faster.
constexpr int64_t fewestTileRows = 5;

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

// A block of (16 or 32 rows) × (16 or 32 columns): with two of each, every loaded tile is used twice. Tiles 0 … 3 hold
// the sums, 4 and 5 the left operand, 6 and 7 the right.
struct LeftTiles {
  const uint16_t* data;
  int64_t rowBytes;              // from row to row of a tile
  int64_t stripStep, innerStep;  // elements from tile to tile: the next 16 rows, the next 32 inner elements
};

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

void multiplyPanelsByTiles(const LeftTiles& left, int64_t rows, int64_t inner, const uint8_t* right,
                           int64_t panelStride, int panels, float* sums, int64_t sumStride, Start start) {
  constexpr int64_t passSteps = 2 * passInner / dotStep;  // two panels of 512 bf16 are 32 KB: the first cache
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

#endif

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
  const Strips strips(rows);
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
#endif
  const int64_t padded = arithmetic == Arithmetic::f32 ? inner : roundUp(inner, dotStep);
  const Strips strips(rows);
  for (int64_t strip = 0; strip < strips.count; strip++) {
    const int64_t first = strips.firstRow(strip), height = strips.rowsOf(strip);
    float* const sumsNow = sums + first * sumStride;
#if defined(GLOSSA_LEVEL_AVX512BF16)
    if (arithmetic == Arithmetic::pairs) {
      rowsPairs.of[height - 1](static_cast<const int32_t*>(left) + first * (blockInner / 2), padded / 2,
                               static_cast<const int32_t*>(right), panelStride / 4, panels, sumsNow, sumStride,
                               start);
      continue;
    }
#endif
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
