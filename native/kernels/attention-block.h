// The one inner function of attention over packed sequences (attention.cc) and over the paged cache
// (cached-attention.cc): a tile of query rows of one key-value head against blocks of 64 keys. One query alone gives the
// same bits as in a tile of many.
//
// For each row, blocks of 64 positions counted from its sequence's start, ascending:
//   s = scale · (q · k)            a matmul's sum over headSize (matmul-block.h), one more rounding for the scale
//   m' = max(m, max s)             over the keys the row sees; a block of which it sees nothing changes nothing
//   alpha = exp(m − m'), p = exp(s − m'), p = 0 for keys it does not see
//   l = l · alpha + Σ p            four vectors of 16 added ascending, then the fixed tree
//   acc = acc · alpha, then a matmul's sum over the block's keys continues in acc (in bf16 p is rounded first)
// and at the end y = acc / l + 0 (which makes −0 one zero: a key with p = 0 may only change a zero's sign) and
// logSumExp = m + log l.
#pragma once

#include <limits>

#include "../simd/math.h"
#include "matmul-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

constexpr int64_t keyBlock = 64;

// Hands out pieces of a worker's scratch, 64-byte aligned.
class ScratchPieces {
 public:
  explicit ScratchPieces(void* scratch) : next_(static_cast<uint8_t*>(scratch)) {}
  template <class T> T* take(int64_t count) {
    T* piece = reinterpret_cast<T*>(next_);
    next_ += roundUp(count * static_cast<int64_t>(sizeof(T)), 64);
    return piece;
  }

 private:
  uint8_t* next_;
};

struct AttentionShape {
  int64_t heads, kvHeads, headSize;
  int64_t window;  // how many keys a row sees, itself counted; 0: all
  float scale;
  bool bf16;

  int64_t group() const { return heads / kvHeads; }
  // Room for a head in floats: whole groups of panels.
  int64_t paddedHead() const { return roundUp(headSize, groupColumns); }
  int64_t firstSeen(int64_t position) const {
    return window > 0 && position >= window ? position - window + 1 : 0;
  }
  // Rows of a tile, (positions of one sequence) × (heads that share a key-value head): many, so that arranging a block
  // of keys and values pays, few enough for the scratch.
  int64_t positionsPerTile() const {
    const int64_t rows = std::clamp<int64_t>((1 << 17) / paddedHead(), 16, 128);
    return std::max<int64_t>(1, rows / group());
  }
  DType packed() const { return bf16 ? DType::packedBf16 : DType::packedF32; }
};

// Elements from row to row of an operand of rank 3.
inline int64_t headStrideOf(const Operand& operand) {
  return operand.rowStride > 0 ? operand.rowStride : operand.dims[1] * operand.dims[2];
}

// Fills panels 0 … ceil(columns / 16) − 1 at `to`.
void packPanels(DType packed, const Matrix& source, bool transposed, int64_t inner, int64_t columns, void* to);

// Adds to all columns: sums[rows][columns] += left · right, right packed at its whole `inner`.
void multiplyAll(Arithmetic arithmetic, const void* left, int64_t rows, int64_t inner, DType packed, const void* right,
                 int64_t columns, float* sums, int64_t sumStride);

class AttentionTile {
 public:
  AttentionTile(const AttentionShape& shape, int64_t rows, void* scratch);

  // Row i: its query and its position in its sequence (negative: it sees nothing and its output is 0).
  void setRow(int64_t row, const void* query, int64_t position);
  // To be called when all rows are set.
  void arrange();
  // Blocks that some row sees: first … last.
  int64_t firstBlock() const { return firstBlock_; }
  int64_t lastBlock() const { return lastBlock_; }
  // How many keys of a block can be seen at all.
  int64_t keysOf(int64_t block) const { return std::min(keyBlock, lastPosition_ + 1 - block * keyBlock); }
  // Takes in a block; blocks come in ascending order. The matrices' row 0 is the block's first key.
  void addBlock(int64_t block, const Matrix& keys, const Matrix& values);
  void finish();
  // After finish: the output of a row (headSize floats) and its logSumExp.
  const float* output(int64_t row) const { return sums_ + row * shape_.paddedHead(); }
  float logSumExp(int64_t row) const { return maxima_[row]; }

 private:
  void addBlockToPiece(int64_t block, int64_t first, int64_t rows, int64_t keys);

  AttentionShape shape_;
  int64_t rows_, pieceRows_, pieceBytes_;
  Arithmetic arithmetic_;
  int64_t firstBlock_ = 0, lastBlock_ = -1, lastPosition_ = -1;
  int32_t* positions_;
  float *queries_, *sums_, *maxima_, *totals_, *scores_, *rescale_;
  uint8_t *left_, *probabilities_, *keys_, *values_;
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
