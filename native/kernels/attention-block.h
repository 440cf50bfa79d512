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
  // Rows of a tile, (positions of one sequence) × (heads that share a key-value head): many, so that packing a block of
  // keys and values pays, few enough for the second cache.
  int64_t positionsPerTile() const {
    const int64_t rows = std::clamp<int64_t>((1 << 14) / paddedHead(), 16, 256);
    return std::max<int64_t>(1, rows / group());
  }
  DType packed() const { return bf16 ? DType::packedBf16 : DType::packedF32; }
};

// Elements from row to row of an operand of rank 3.
inline int64_t headStrideOf(const Operand& operand) {
  return operand.rowStride > 0 ? operand.rowStride : operand.dims[1] * operand.dims[2];
}

// A packed right operand (pack.h) in scratch, with `inner` inner elements.
struct RightBlock {
  DType packed;
  int64_t inner;
  uint8_t* data;

  static int64_t bytes(DType packed, int64_t inner, int64_t columns) {
    return ceilDivide(columns, panelColumns) * panelBytes(packed, inner);
  }
  // A panel, at one of its inner elements (a multiple of 32).
  uint8_t* panel(int64_t index, int64_t from = 0) const {
    const int64_t rowBytes = packed == DType::packedBf16 ? panelColumns * 2 : panelColumns * 4;
    return data + index * panelBytes(packed, inner) + from * rowBytes;
  }
  // Fills the panels of columns 0 … columns − 1 from `source`, or from its transpose.
  void pack(const Matrix& source, bool transposed, int64_t columns) const {
    packPanels(packed, source, transposed, inner, columns, 0, ceilDivide(columns, panelColumns), data);
  }
};

// sums[rows][columns …] += left · right, of `inner` inner elements from left.from on and columns first … end − 1, of which
// `first` is a multiple of 16. sums and its rows belong to column 0.
void multiplyAll(Arithmetic arithmetic, const LeftBlock& left, int64_t rows, int64_t inner, const RightBlock& right,
                 int64_t first, int64_t end, float* sums, int64_t sumStride, Start start = Start::sums);
// The same, with a left block that lies row by row (multiplyPanelsByRows), from inner element 0 on, for all columns.
void multiplyAllByRows(Arithmetic arithmetic, const void* left, int64_t rows, int64_t inner, const RightBlock& right,
                       int64_t columns, float* sums, int64_t sumStride, Start start = Start::sums);

// Bytes of one element of a block that multiplyPanelsByRows reads.
constexpr int64_t blockElementBytes(Arithmetic arithmetic) { return holdsHalves(arithmetic) ? 2 : 4; }

// Stores 32 neighbours in such a block, rounded as the arithmetic wants it.
template <Arithmetic arithmetic> inline void storeInBlock(void* block, int64_t element, F32x16 first, F32x16 second) {
  if constexpr (holdsHalves(arithmetic)) return storeInt(static_cast<int32_t*>(block) + element / 2, bf16Row(first, second));
  float* const to = static_cast<float*>(block) + element;
  store(to, arithmetic == Arithmetic::bf16 ? roundBf16(first) : first);
  store(to + vectorLanes, arithmetic == Arithmetic::bf16 ? roundBf16(second) : second);
}

// Calls body with the arithmetic as a constant; those that the level lacks are not compiled.
template <class Body> void withArithmetic(Arithmetic arithmetic, const Body& body) {
  switch (arithmetic) {
#if defined(GLOSSA_LEVEL_AMX)
    case Arithmetic::tiles: return body.template operator()<Arithmetic::tiles>();
#elif defined(GLOSSA_LEVEL_AVX512BF16)
    case Arithmetic::pairs: return body.template operator()<Arithmetic::pairs>();
#endif
    case Arithmetic::bf16: return body.template operator()<Arithmetic::bf16>();
    default: return body.template operator()<Arithmetic::f32>();
  }
}

// Which of sixteen keys from `from` on are low ≤ key < high.
inline Mask16 keysBetween(int64_t low, int64_t high, int64_t from) {
  const auto lanes = [&](int64_t end) {
    return firstLanes(static_cast<int>(std::clamp<int64_t>(end - from, 0, vectorLanes)));
  };
  return lanes(high) & !lanes(low);
}

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
  template <Arithmetic arithmetic> void weigh(int64_t start, int64_t first, int64_t rows, int64_t keys, bool begun);

  AttentionShape shape_;
  int64_t rows_, pieceRows_, pieceBytes_, rowBytes_;
  Arithmetic arithmetic_;
  int64_t firstBlock_ = 0, lastBlock_ = -1, lastPosition_ = -1;
  int32_t* positions_;
  float *sums_, *maxima_, *totals_, *scores_, *rescale_, *added_;
  uint8_t *queries_, *left_, *probabilities_, *keys_, *values_;  // keys_ and values_: a block's, packed
  uint8_t* begun_;  // which pieces have taken in a block
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
