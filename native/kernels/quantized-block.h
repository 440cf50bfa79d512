// The inside of every product with weights in blocks (block-panels.h): rows of activations, rounded to int8 once, times
// panels of 16 outputs. quantizedMatmul and linearCrossEntropy are loops around it.
//
// Arithmetic of one sum y (row, output), the same bits on each level:
//
//   a block of 32 activations x:   d = max|x| / 127,  a = x · (127 / max|x|) rounded to nearest, ties to even
//                                  below 2⁻¹¹⁹ all zero; with a NaN or an infinity in it d = NaN, and so is the sum
//   y = 0; for each block in ascending order:   s = Σ a · q, exact in int32;   y = fma(float(s), scale · d, y)
#pragma once

#include "block-panels.h"

#if defined(GLOSSA_LEVEL_AMX)
#include "../simd/tile.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {

#if defined(GLOSSA_LEVEL_AMX)
// What `multiply` wants the thread's tiles to be: a block's weights in tiles 0 and 1, activations in 2 and 3, sums in 4 to 7.
constexpr TileShapes blockTiles{{8, 8, 16, 16, 16, 16, 16, 16}, {64, 64, 32, 32, 64, 64, 64, 64}};
#endif

// Rows of activations as int8 in blocks, in strips of as many rows as the registers hold sums for. Of a strip lie, block
// after block, 8 groups of the rows' 4 inputs each, then the rows' scales, then what their integer sums start from. Many
// rows go to tiles on AMX: in strips of 16, of which lie each row's 32 inputs instead of groups, and the rows' scales.
class ActivationStrips {
 public:
  // For weights of `inputs` inputs, in nibbles or bytes. `memory` holds bytes(rows, inputs) bytes, 64-byte aligned.
  ActivationStrips(void* memory, int64_t rows, int64_t inputs, bool nibbles);
  // The plan sets aside as much without knowing the level: 40 bytes a block, whole sixteens of rows.
  static int64_t bytes(int64_t rows, int64_t inputs) { return roundUp(rows, 16) * (inputs / blockInputs) * 40; }

  int64_t count() const { return count_; }
  int64_t firstRow(int64_t strip) const { return strip * shorter_ + std::min(strip, longer_); }
  int64_t rowsOf(int64_t strip) const { return std::min(shorter_ + (strip < longer_ ? 1 : 0), rows_ - firstRow(strip)); }
  int64_t stripBytes() const { return (shorter_ + 1) * rowBytes_; }

  // Rounds the rows of a strip; row i of all rows begins at x + i · stride.
  void quantize(int64_t strip, const float* x, int64_t stride);

  // A panel's weights as `multiply` reads them: where they lie, or made into bytes at `memory`, which holds
  // panelBytes(inputs) bytes, 64-byte aligned.
  const uint8_t* arrange(const BlockMatrix& weight, int64_t panel, void* memory) const;
  static int64_t panelBytes(int64_t inputs) { return inputs * panelColumns; }

  // One panel's outputs for the rows of a strip: its row i goes to out + i · stride, `columns` ≤ 16 of it.
  void multiply(int64_t strip, const uint8_t* arranged, const uint16_t* scales, float* out, int64_t stride,
                int columns) const;

 private:
  uint8_t* stripData(int64_t strip) const { return memory_ + firstRow(strip) * rowBytes_; }

  int64_t blocks_;
  bool nibbles_;
  uint8_t* memory_;
  int64_t rows_;
  [[maybe_unused]] bool tiles_;  // read on AMX only
  int64_t rowBytes_;                  // of one row of activations
  int64_t count_, shorter_, longer_;  // `longer_` strips of shorter_ + 1 rows come first; of tiles the last may lack rows
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
