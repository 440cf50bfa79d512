// Strips: as many rows of a left block as the registers can hold sums for, and the functions of each height. What products
// by plain fma (matmul-block.cc) and by pairs (matmul-pairs.cc) share.
#pragma once

#include <utility>

#include "matmul-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

// Rows of a strip at most, and for each strip height the parts (registers) of columns held at once; by registers:
// AVX-512 and NEON have 32, AVX2 16. One register is for the broadcast, one a part for the right operand (two in bf16,
// where also the sums are double, even and odd; with only 16 registers the even chain is run before the odd one).
// In bf16 the sums are loaded and stored every 32 inner elements: rows of them that lie a power of two apart, as in an
// output of 1,024 columns, share one set of the first cache, which has eight places or more.
#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)
constexpr int stripRows = 14, stripRowsBf16 = 8;
constexpr bool chainsTogether = true;
constexpr int partsF32(int) { return 2; }
constexpr int partsBf16(int rows) { return rows <= 2 ? 2 : 1; }
#elif defined(GLOSSA_LEVEL_AVX2)
constexpr int stripRows = 6, stripRowsBf16 = 6;
constexpr bool chainsTogether = false;
constexpr int partsF32(int rows) { return rows <= 2 ? 4 : 2; }
constexpr int partsBf16(int rows) { return rows <= 2 ? 4 : 2; }
#elif defined(GLOSSA_LEVEL_NEON)
constexpr int stripRows = 6, stripRowsBf16 = 6;
constexpr bool chainsTogether = true;
constexpr int partsF32(int rows) { return rows <= 3 ? 8 : 4; }
constexpr int partsBf16(int rows) { return rows <= 3 ? 4 : 2; }
#else
constexpr int stripRows = 4, stripRowsBf16 = 4;
constexpr bool chainsTogether = true;
constexpr int partsF32(int) { return 16; }
constexpr int partsBf16(int) { return 16; }
#endif

// Inner elements of one pass: a pass's share of two panels stays in the first cache while all strips use it.
constexpr int64_t passInner = 256;

// Block rows are divided into strips of equal height (± 1), so that no strip is left with one or two rows.
struct Strips {
  int64_t count, shorter, longer;  // `longer` strips of shorter + 1 rows come first
  explicit Strips(int64_t rows, int most = stripRows) {
    count = ceilDivide(rows, most);
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

// One function for each height.
template <class Left, class Right, int most = stripRows> struct StripTable {
  void (*of[most])(const Left*, int64_t, const Right*, int64_t, int, float*, int64_t, Start);
};
using Heights = std::make_integer_sequence<int, stripRows>;
using HeightsBf16 = std::make_integer_sequence<int, stripRowsBf16>;

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
