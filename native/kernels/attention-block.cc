// The attention tile of attention-block.h. Its two products (q · kᵀ and p · v) are the micro-kernels of matmul: a block of
// keys and values is packed once for all rows of the tile; rows go in pieces of as many as fill the registers (or tiles),
// and a piece that sees nothing of a block is passed over.
#include "attention-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

void packPanels(DType packed, const Matrix& source, bool transposed, int64_t inner, int64_t columns, void* to) {
  const int64_t bytes = panelBytes(packed, inner);
  for (int64_t panel = 0; panel < ceilDivide(columns, panelColumns); panel++)
    packPanel(packed, source, transposed, inner, columns, panel, static_cast<uint8_t*>(to) + panel * bytes);
}

void multiplyAll(Arithmetic arithmetic, const void* left, int64_t rows, int64_t inner, DType packed, const void* right,
                 int64_t columns, float* sums, int64_t sumStride) {
  const int64_t bytes = panelBytes(packed, inner), panels = ceilDivide(columns, panelColumns);
  for (int64_t panel = 0; panel < panels; panel += groupPanels) {
    multiplyPanels(arithmetic, left, rows, inner, static_cast<const uint8_t*>(right) + panel * bytes, bytes,
                   static_cast<int>(std::min<int64_t>(groupPanels, panels - panel)), sums + panel * panelColumns,
                   sumStride);
  }
}

AttentionTile::AttentionTile(const AttentionShape& shape, int64_t rows, void* scratch) : shape_(shape), rows_(rows) {
  arithmetic_ = chooseArithmetic(shape.bf16, rows);
  pieceRows_ = std::min(rows, fullRows(arithmetic_));
  pieceBytes_ = roundUp(leftBytes(arithmetic_, pieceRows_, shape.headSize), 64);
  const int64_t padded = shape.paddedHead(), room = roundUp(rows, pieceRows_) + 16;
  ScratchPieces pieces(scratch);
  positions_ = pieces.take<int32_t>(room);
  maxima_ = pieces.take<float>(room);
  totals_ = pieces.take<float>(room);
  rescale_ = pieces.take<float>(room);
  sums_ = pieces.take<float>(room * padded);
  queries_ = pieces.take<float>(rows * shape.headSize);
  left_ = pieces.take<uint8_t>(ceilDivide(rows, pieceRows_) * pieceBytes_);
  scores_ = pieces.take<float>((pieceRows_ + 16) * keyBlock);
  probabilities_ = pieces.take<uint8_t>(leftBytes(arithmetic_, pieceRows_, keyBlock));
  keys_ = pieces.take<uint8_t>(keyBlock / panelColumns * panelBytes(shape.packed(), shape.headSize));
  values_ = pieces.take<uint8_t>(padded / panelColumns * panelBytes(shape.packed(), keyBlock));
  for (int64_t row = 0; row < room; row++) {
    positions_[row] = -1;
    maxima_[row] = -std::numeric_limits<float>::infinity();
    totals_[row] = 0;
    for (int64_t i = 0; i < padded; i += vectorLanes) store(sums_ + row * padded + i, zero());
  }
}

void AttentionTile::setRow(int64_t row, const void* query, int64_t position) {
  const Matrix source{query, shape_.bf16, shape_.headSize};
  for (int64_t i = 0; i < shape_.headSize; i += vectorLanes) {
    const int count = static_cast<int>(std::min<int64_t>(vectorLanes, shape_.headSize - i));
    store(queries_ + row * shape_.headSize + i, source.load(0, i, count), count);
  }
  positions_[row] = static_cast<int32_t>(position);
}

void AttentionTile::arrange() {
  const LeftMatrix queries{{queries_, false, shape_.headSize}, false};
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
  const int64_t count = keysOf(block);
  packPanels(shape_.packed(), keys, true, shape_.headSize, count, keys_);
  packPanels(shape_.packed(), values, false, count, shape_.headSize, values_);
  for (int64_t first = 0; first < rows_; first += pieceRows_) {
    const int64_t rows = std::min(pieceRows_, rows_ - first);
    bool seen = false;
    for (int64_t row = first; row < first + rows; row++) {
      seen |= positions_[row] >= block * keyBlock && shape_.firstSeen(positions_[row]) < (block + 1) * keyBlock;
    }
    if (seen) addBlockToPiece(block, first, rows, count);
  }
}

void AttentionTile::addBlockToPiece(int64_t block, int64_t first, int64_t rows, int64_t keys) {
  constexpr int vectors = keyBlock / vectorLanes;
  const float lowest = -std::numeric_limits<float>::infinity();
  const int64_t padded = shape_.paddedHead(), start = block * keyBlock;
  for (int64_t i = 0; i < rows * keyBlock; i += vectorLanes) store(scores_ + i, zero());
  multiplyAll(arithmetic_, left_ + first / pieceRows_ * pieceBytes_, rows, shape_.headSize, shape_.packed(), keys_,
              keys, scores_, keyBlock);

  // Scale, mask, and the new maxima. rescale_ holds m − m' until it is exp(m − m').
  const F32x16 scale = broadcast(shape_.scale);
  for (int64_t row = 0; row < rows; row++) {
    const int64_t position = positions_[first + row];
    const int64_t low = shape_.firstSeen(position) - start, high = position + 1 - start;
    float* const scores = scores_ + row * keyBlock;
    F32x16 largest = broadcast(lowest);
    for (int vector = 0; vector < vectors; vector++) {
      const int64_t from = vector * vectorLanes;
      F32x16 score = load(scores + from) * scale;
      if (low > from || high < from + vectorLanes) {
        const Mask16 seen = firstLanes(static_cast<int>(std::clamp<int64_t>(high - from, 0, vectorLanes))) &
                            !firstLanes(static_cast<int>(std::clamp<int64_t>(low - from, 0, vectorLanes)));
        score = select(seen, score, broadcast(lowest));
      }
      store(scores + from, score);
      largest = maximum(largest, score);
    }
    const float before = maxima_[first + row], now = horizontalMaximum(largest);
    const float after = before > now ? before : now;
    rescale_[first + row] = before == after ? 0.0f : before - after;
    maxima_[first + row] = after;
  }
  for (int64_t row = first; row < first + rows; row += vectorLanes) store(rescale_ + row, exp(load(rescale_ + row)));

  for (int64_t row = 0; row < rows; row++) {
    float* const scores = scores_ + row * keyBlock;
    const int64_t position = positions_[first + row];
    if (position < start || shape_.firstSeen(position) >= start + keyBlock) {
      for (int64_t i = 0; i < keyBlock; i += vectorLanes) store(scores + i, zero());
      continue;
    }
    const F32x16 largest = broadcast(maxima_[first + row]);
    F32x16 total = zero();
    for (int vector = 0; vector < vectors; vector++) {
      const F32x16 p = exp(load(scores + vector * vectorLanes) - largest);
      store(scores + vector * vectorLanes, p);
      total = vector == 0 ? p : total + p;
    }
    const float alpha = rescale_[first + row];
    const float kept = totals_[first + row] * alpha;
    totals_[first + row] = kept + horizontalSum(total);
    if (alpha == 1.0f) continue;
    float* const sums = sums_ + (first + row) * padded;
    for (int64_t i = 0; i < padded; i += vectorLanes) store(sums + i, load(sums + i) * broadcast(alpha));
  }

  packLeft(arithmetic_, {{scores_, false, keyBlock}, false}, 0, rows, 0, keys, probabilities_);
  multiplyAll(arithmetic_, probabilities_, rows, keys, shape_.packed(), values_, shape_.headSize,
              sums_ + first * padded, padded);
}

void AttentionTile::finish() {
  const int64_t padded = shape_.paddedHead();
  for (int64_t row = 0; row < rows_; row++) {
    float* const sums = sums_ + row * padded;
    if (totals_[row] == 0.0f) continue;  // it saw nothing: zeros
    for (int64_t i = 0; i < padded; i += vectorLanes)
      store(sums + i, load(sums + i) / broadcast(totals_[row]) + zero());
  }
  for (int64_t row = 0; row < rows_; row += vectorLanes)
    store(maxima_ + row, load(maxima_ + row) + log(load(totals_ + row)));
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
