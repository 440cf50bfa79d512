// The inside of every matmul: a block of rows of the left operand, arranged once in a worker's scratch, times panels of
// the packed right operand (pack.h), added to float sums. matmul, linearCrossEntropy and its gradient are loops around it.
//
// Arithmetic of one sum (row i, column j):
//   f32   one fma chain over k ascending, which starts from the sum as it stands. The same on each level.
//   bf16  for each 32 k: an fma chain from zero over the even k, one over the odd k, then sum += even + odd (what the
//         instruction tdpbf16ps computes). The same on each level but avx512bf16.
//   bf16 on avx512bf16: one chain of the instruction vdpbf16ps over pairs of k ascending, which starts from the sum.
// So a sum may be continued by a later call, at any k in f32 and at multiples of 32 in bf16, with the same bits as in one.
#pragma once

#include "pack.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

// How the left block is arranged and multiplied.
enum class Arithmetic {
  f32,    // strips of rows, [k][rows of the strip] floats
  bf16,   // the same, rounded to bf16 and padded to 32 k, multiplied by plain fma
  pairs,  // strips of rows, [k / 2][rows of the strip] pairs of bf16, multiplied by AVX512-BF16
  tiles,  // strips of 16 rows, [k / 32][16 rows][32] bf16, multiplied by AMX
};

// The left operand A[M, K], or its transpose [K, M].
struct LeftMatrix {
  Matrix matrix;
  bool transposed;
};

// Panels multiplied side by side, and so the columns of one call of multiplyPanels.
constexpr int groupPanels = 2;
constexpr int groupColumns = groupPanels * panelColumns;

// The fastest arithmetic that this level has for so many rows of a bf16 (or f32) product.
Arithmetic chooseArithmetic(bool bf16, int64_t rows);

// Rows that a good block has: enough to use each piece of the right operand often, few enough to stay in cache.
int64_t blockRows(Arithmetic arithmetic, int64_t inner);

// Rows that are multiplied in one go with full registers: a good height for a small left block.
int64_t fullRows(Arithmetic arithmetic);

// Bytes that packLeft writes.
int64_t leftBytes(Arithmetic arithmetic, int64_t rows, int64_t inner);

// Arranges rows [row, row + rows) and inner elements [k, k + inner) of the left operand at `to` (64-byte aligned).
void packLeft(Arithmetic arithmetic, const LeftMatrix& left, int64_t row, int64_t rows, int64_t k, int64_t inner,
              void* to);

// Where the sums of a product start: from those that stand there, or from zero, whatever stands there.
enum class Start { sums, zero };

// A left block as packLeft arranged it with `inner` inner elements, read from one of them on (a multiple of 32).
struct LeftBlock {
  const void* data;
  int64_t inner, from;
};

// sums[rows][panels · 16] += left block · panels. `right` is the first panel at its first inner element of this call
// (a multiple of 32 in bf16), the next panel lies `panelStride` bytes on. `panels` is 1 or 2. The sums' rows are
// `sumStride` floats apart, and tiles write whole ones: there must be room for roundUp(rows, 16) rows and all columns.
void multiplyPanels(Arithmetic arithmetic, const LeftBlock& left, int64_t rows, int64_t inner, const void* right,
                    int64_t panelStride, int panels, float* sums, int64_t sumStride, Start start = Start::sums);
inline void multiplyPanels(Arithmetic arithmetic, const void* left, int64_t rows, int64_t inner, const void* right,
                           int64_t panelStride, int panels, float* sums, int64_t sumStride, Start start = Start::sums) {
  multiplyPanels(arithmetic, LeftBlock{left, inner, 0}, rows, inner, right, panelStride, panels, sums, sumStride, start);
}

// The same for a left block that lies row by row and was never packed: `blockInner` inner elements from row to row, of
// which `inner` are multiplied (in bf16 zeros up to a multiple of 32). Elements are floats, rounded in bf16; bf16 where
// holdsHalves. Tiles read whole ones: there must be room for roundUp(rows, 16) rows.
constexpr int blockInner = 64;
constexpr bool holdsHalves(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::pairs || arithmetic == Arithmetic::tiles;
}
void multiplyPanelsByRows(Arithmetic arithmetic, const void* left, int64_t rows, int64_t inner, const void* right,
                          int64_t panelStride, int panels, float* sums, int64_t sumStride, Start start = Start::sums);

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
