// The gradient of attention for one sequence and one key-value head with the query heads that share it; the formulas are in
// attention-gradient.cc.
//
// Key blocks are outermost, the query blocks that see them inside. Of each block of queries × keys there are five products,
// arranged so that nothing as large as the scores is ever transposed:
//   s = q · kᵀ, dp = dy · vᵀ          rows are queries; p and ds come from them a vector of keys at a time
//   dvᵀ += dyᵀ · p, dkᵀ += qᵀ · ds     rows are features; p and ds, stored as a packed right operand, are used as they are
//   dq += ds · k                      ds, stored once more row by row, is the left operand
// Queries and dy are packed once, both ways, when the first key block meets them, and stay in scratch with their dq; dkᵀ
// and dvᵀ gather in scratch and are turned over when their block is done.
#pragma once

#include <vector>

#include "attention-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

struct GradientOperands {
  const Operand &dq, &dk, &dv, &q, &k, &v, &y, &logSumExp, &dy;
};

class HeadGradient {
 public:
  // The sequence has rows start … end − 1.
  HeadGradient(const AttentionShape& shape, const GradientOperands& operands, int64_t start, int64_t end,
               int64_t kvHead, void* scratch, int64_t scratchBytes);
  void run();

 private:
  // What is kept of a block of queries of one head. Left operands of the first two products are packed in two halves, so
  // that next to the diagonal the first half leaves out the keys it does not see.
  struct QueryBlock {
    uint8_t *queries, *dys;                      // left, halves of 32 rows × headSize
    uint8_t *queriesTransposed, *dysTransposed;  // left, headSize rows × 64
    float *delta, *logSumExp;                    // of each row
    float* dqueries;                             // [64][paddedHead]
  };

  QueryBlock blockAt(int64_t head, int64_t index);
  void packQueries(const QueryBlock& block, int64_t row, int64_t count, int64_t head);
  void addBlock(const QueryBlock& block, int64_t keyIndex, int64_t keyCount, int64_t queryIndex, int64_t count);
  template <Arithmetic arithmetic>
  void weigh(const QueryBlock& block, int64_t keyStart, int64_t queryStart, int64_t firstRow, int64_t rows,
             int64_t count, int64_t keys);
  void storeQueries(const QueryBlock& block, int64_t row, int64_t count, int64_t head) const;
  void storeKeys(const Operand& to, int64_t row, int64_t count, const float* transposed) const;

  AttentionShape shape_;
  const GradientOperands& operands_;
  int64_t start_, end_, blocks_, kvHead_;
  Arithmetic arithmetic_;
  DType packed_;
  int64_t halfBytes_, transposedBytes_, queryBlockBytes_, blocksInScratch_;
  RightBlock keysTransposed_, valuesTransposed_, keys_, probabilities_, dscores_;
  uint8_t* dscoreRows_;
  float *scores_, *dprobabilities_, *dkeys_, *dvalues_;
  uint8_t* queryBlocks_;
  // Query blocks that scratch has no room for (a long sequence).
  std::vector<uint8_t> beyond_;
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
