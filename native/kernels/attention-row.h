// Attention of one position alone, which is what decoding asks for: the query heads that share a key-value head, against
// blocks of 64 keys read where they lie. The arithmetic, and so each bit, is that of a tile (attention-block.h); only
// keys are turned, into columns, and values not moved at all, where a tile packs both for many rows to come.
#pragma once

#include "attention-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

class AttentionRow {
 public:
  // Key-value heads that one object takes at most, and query heads that share one: with more of these a tile is faster.
  static constexpr int64_t mostKvHeads = 16, mostGroup = 8;

  // `position` in its sequence (negative: it sees nothing and its outputs are 0), of `kvHeads` heads.
  AttentionRow(const AttentionShape& shape, int64_t position, int64_t kvHeads, void* scratch);

  // The query of a head, counted from the first head of the first key-value head.
  void setQuery(int64_t head, const void* query);
  // Blocks that the position sees: first … last.
  int64_t firstBlock() const { return shape_.firstSeen(std::max<int64_t>(position_, 0)) / keyBlock; }
  int64_t lastBlock() const { return position_ < 0 ? -1 : position_ / keyBlock; }
  // Takes in a block of a key-value head, [64, headSize] of keys and of values; its blocks come in ascending order.
  void addBlock(int64_t kvHead, int64_t block, const void* keys, const void* values);
  // Has the second cache fetch the keys or the values of a block that comes soon.
  void fetch(const void* rows) const;
  // After the last block: the output of a head, headSize floats.
  const float* finish(int64_t head);

 private:
  void turnKeys(const void* keys, int64_t count);
  void scoreKeys(int64_t head);
  // Scores become p; the sums so far are rescaled.
  void weigh(int64_t head, int64_t block);
  void addValues(int64_t head, const void* values, int64_t count);

  AttentionShape shape_;
  int64_t position_;
  // Queries as the products read them: floats, or pairs of bf16. Keys of a block: [headSize][64] floats, or
  // [headSize / 2][64] pairs.
  int32_t *queries_, *keys_;
  float *scores_, *sums_, *maxima_, *totals_;
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
