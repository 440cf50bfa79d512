// The attention tile of attention-block.h. Its two products (q · kᵀ and p · v) are the micro-kernels of matmul: a block of
// keys and values is packed once for all rows of the tile; rows go in pieces of as many as fill the registers (or tiles).
// A piece's scores stay in the first cache from one product to the next. It multiplies no more keys than one of its rows
// sees, so that next to the diagonal little is computed in vain; only there rows are masked.
//
// What the steps gained together (docs/log/2026-11-22-attention.md): 16 sequences of 256, 6 heads of 64, two cores of
// AVX512-BF16, bf16: 8.7 → 4.9 ms. The same in f32, where products are twice as dear: 10.0 → 8.0 ms; on AVX2, bf16:
// 23.6 → 9.9 ms. The parts: probabilities multiplied as they lie, not turned over; only keys that a row of the piece sees;
// tiles of 256 rows, for which keys and values are packed half as often; the rounding instruction, 1.01 → 0.77 µs for a
// piece's softmax.
#include "attention-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

void multiplyAll(Arithmetic arithmetic, const LeftBlock& left, int64_t rows, int64_t inner, const RightBlock& right,
                 int64_t first, int64_t end, float* sums, int64_t sumStride, Start start) {
  const int64_t panels = ceilDivide(end, panelColumns);
  for (int64_t panel = first / panelColumns; panel < panels; panel += groupPanels) {
    multiplyPanels(arithmetic, left, rows, inner, right.panel(panel, left.from), panelBytes(right.packed, right.inner),
                   static_cast<int>(std::min<int64_t>(groupPanels, panels - panel)), sums + panel * panelColumns,
                   sumStride, start);
  }
}

void multiplyAllByRows(Arithmetic arithmetic, const void* left, int64_t rows, int64_t inner, const RightBlock& right,
                       int64_t columns, float* sums, int64_t sumStride, Start start) {
  const int64_t panels = ceilDivide(columns, panelColumns);
  for (int64_t panel = 0; panel < panels; panel += groupPanels) {
    multiplyPanelsByRows(arithmetic, left, rows, inner, right.panel(panel), panelBytes(right.packed, right.inner),
                         static_cast<int>(std::min<int64_t>(groupPanels, panels - panel)),
                         sums + panel * panelColumns, sumStride, start);
  }
}

AttentionTile::AttentionTile(const AttentionShape& shape, int64_t rows, void* scratch) : shape_(shape), rows_(rows) {
  arithmetic_ = chooseArithmetic(shape.bf16, rows);
  // Pieces of one height, so that none is left with a few rows; of tiles all but the last are full.
  const int64_t full = fullRows(arithmetic_), count = ceilDivide(rows, full);
  pieceRows_ = std::min(rows, arithmetic_ == Arithmetic::tiles ? full : ceilDivide(rows, count));
  pieceBytes_ = roundUp(leftBytes(arithmetic_, pieceRows_, shape.headSize), 64);
  const int64_t padded = shape.paddedHead(), room = roundUp(rows, pieceRows_) + 16;
  rowBytes_ = shape.headSize * (shape.bf16 ? 2 : 4);
  ScratchPieces pieces(scratch);
  positions_ = pieces.take<int32_t>(room);
  maxima_ = pieces.take<float>(room);
  totals_ = pieces.take<float>(room);
  rescale_ = pieces.take<float>(room);
  sums_ = pieces.take<float>(room * padded);
  added_ = pieces.take<float>(room);
  begun_ = pieces.take<uint8_t>(ceilDivide(rows, pieceRows_));
  std::memset(begun_, 0, static_cast<size_t>(ceilDivide(rows, pieceRows_)));
  queries_ = pieces.take<uint8_t>(rows * rowBytes_);
  left_ = pieces.take<uint8_t>(ceilDivide(rows, pieceRows_) * pieceBytes_);
  scores_ = pieces.take<float>((pieceRows_ + 16) * keyBlock);
  probabilities_ = pieces.take<uint8_t>((pieceRows_ + 16) * keyBlock * blockElementBytes(arithmetic_));
  keys_ = pieces.take<uint8_t>(RightBlock::bytes(shape.packed(), shape.headSize, keyBlock));
  values_ = pieces.take<uint8_t>(RightBlock::bytes(shape.packed(), keyBlock, shape.headSize));
  for (int64_t row = 0; row < room; row++) {
    positions_[row] = -1;
    maxima_[row] = -std::numeric_limits<float>::infinity();
    totals_[row] = 0;
  }
}

void AttentionTile::setRow(int64_t row, const void* query, int64_t position) {
  std::memcpy(queries_ + row * rowBytes_, query, static_cast<size_t>(rowBytes_));
  positions_[row] = static_cast<int32_t>(position);
}

void AttentionTile::arrange() {
  const LeftMatrix queries{{queries_, shape_.bf16, shape_.headSize}, false};
  for (int64_t row = 0; row < rows_; row += pieceRows_) {
    packLeft(arithmetic_, queries, row, std::min(pieceRows_, rows_ - row), 0, shape_.headSize,
             left_ + row / pieceRows_ * pieceBytes_);
  }
  int64_t firstSeen = INT64_MAX;
  for (int64_t row = 0; row < rows_; row++) {
    if (positions_[row] < 0) continue;
    lastPosition_ = std::max<int64_t>(lastPosition_, positions_[row]);
    firstSeen = std::min(firstSeen, shape_.firstSeen(positions_[row]));
  }
  if (lastPosition_ < 0) return;
  firstBlock_ = firstSeen / keyBlock;
  lastBlock_ = lastPosition_ / keyBlock;
}

void AttentionTile::addBlock(int64_t block, const Matrix& keys, const Matrix& values) {
  const int64_t count = keysOf(block), start = block * keyBlock;
  const RightBlock packedKeys{shape_.packed(), shape_.headSize, keys_}, packedValues{shape_.packed(), count, values_};
  packedKeys.pack(keys, true, count);
  packedValues.pack(values, false, shape_.headSize);
  const int64_t padded = shape_.paddedHead();
  for (int64_t first = 0; first < rows_; first += pieceRows_) {
    const int64_t rows = std::min(pieceRows_, rows_ - first);
    // How many keys of the block some row sees, none where the window has left it.
    int64_t seen = 0;
    for (int64_t row = first; row < first + rows; row++) {
      if (shape_.firstSeen(positions_[row]) < start + keyBlock) seen = std::max(seen, positions_[row] + 1 - start);
    }
    if (seen <= 0) continue;
    seen = std::min(seen, count);
    const bool begun = begun_[first / pieceRows_] != 0;
    begun_[first / pieceRows_] = 1;
    multiplyAll(arithmetic_, {left_ + first / pieceRows_ * pieceBytes_, shape_.headSize, 0}, rows, shape_.headSize,
                packedKeys, 0, seen, scores_, keyBlock, Start::zero);
    withArithmetic(arithmetic_, [&]<Arithmetic arithmetic>() { weigh<arithmetic>(start, first, rows, seen, begun); });
    multiplyAllByRows(arithmetic_, probabilities_, rows, seen, packedValues, shape_.headSize, sums_ + first * padded,
                      padded, begun ? Start::sums : Start::zero);
  }
}

// From scores to probabilities, against the new maxima; what was summed up before (if the piece has begun) is brought to
// those.
template <Arithmetic arithmetic>
void AttentionTile::weigh(int64_t start, int64_t first, int64_t rows, int64_t keys, bool begun) {
  constexpr int most = keyBlock / vectorLanes;
  const float lowest = -std::numeric_limits<float>::infinity();
  const F32x16 scale = broadcast(shape_.scale);
  const int vectors = static_cast<int>(ceilDivide(keys, vectorLanes));
  for (int64_t row = 0; row < rows; row++) {
    const int64_t position = positions_[first + row];
    const int64_t low = shape_.firstSeen(position) - start, high = position + 1 - start;
    if (high <= 0 || low >= keyBlock) {  // it sees nothing
      for (int vector = 0; vector < most; vector += 2)
        storeInBlock<arithmetic>(probabilities_, row * keyBlock + vector * vectorLanes, zero(), zero());
      rescale_[first + row] = added_[first + row] = 0;
      continue;
    }
    F32x16 score[most] = {zero(), zero(), zero(), zero()};
    F32x16 largest = broadcast(lowest);
    _Pragma("GCC unroll 4") for (int vector = 0; vector < most; vector++) {
      if (vector >= vectors) break;
      const int64_t from = vector * vectorLanes;
      score[vector] = load(scores_ + row * keyBlock + from) * scale;
      if (low > from || high < from + vectorLanes)
        score[vector] = select(keysBetween(low, high, from), score[vector], broadcast(lowest));
      largest = maximum(largest, score[vector]);
    }
    const float before = maxima_[first + row], now = horizontalMaximum(largest);
    const float after = before > now ? before : now;
    rescale_[first + row] = before == after ? 0.0f : before - after;
    maxima_[first + row] = after;

    // Four vectors side by side, or as many as there are.
    F32x16 p[most];
    _Pragma("GCC unroll 4") for (int vector = 0; vector < most; vector++)
      p[vector] = vector < vectors ? expBelow88(score[vector] - broadcast(after)) : zero();
    _Pragma("GCC unroll 2") for (int vector = 0; vector < most; vector += 2)
      storeInBlock<arithmetic>(probabilities_, row * keyBlock + vector * vectorLanes, p[vector], p[vector + 1]);
    const F32x16 total = ((p[0] + p[1]) + p[2]) + p[3];
    added_[first + row] = horizontalSum(total);
  }

  // Rows behind these in the last vector stay as they are.
  for (int64_t row = first + rows; row < first + roundUp(rows, vectorLanes); row++) rescale_[row] = added_[row] = 0;
  const int64_t padded = shape_.paddedHead();
  for (int64_t row = first; row < first + rows; row += vectorLanes) {
    const F32x16 alpha = expBelow88(load(rescale_ + row));
    store(rescale_ + row, alpha);
    store(totals_ + row, load(totals_ + row) * alpha + load(added_ + row));
  }
  for (int64_t row = first; begun && row < first + rows; row++) {
    if (rescale_[row] == 1.0f) continue;
    float* const sums = sums_ + row * padded;
    for (int64_t i = 0; i < padded; i += vectorLanes) store(sums + i, load(sums + i) * broadcast(rescale_[row]));
  }
}

void AttentionTile::finish() {
  const int64_t padded = shape_.paddedHead();
  for (int64_t row = 0; row < rows_; row++) {
    float* const sums = sums_ + row * padded;
    const bool sawNothing = totals_[row] == 0.0f;
    for (int64_t i = 0; i < padded; i += vectorLanes)
      store(sums + i, sawNothing ? zero() : load(sums + i) / broadcast(totals_[row]) + zero());
  }
  for (int64_t row = 0; row < rows_; row += vectorLanes)
    store(maxima_ + row, load(maxima_ + row) + log(load(totals_ + row)));
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
