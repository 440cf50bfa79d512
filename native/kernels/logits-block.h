// Logits of a block of rows for one chunk of the vocabulary, in a worker's scratch, for linearCrossEntropy. A logit is a
// matmul's sum (matmul-block.h), or with a weight in blocks a quantizedMatmul's (quantized-block.h): the same bits as in a
// whole matrix of logits.
#pragma once

#include <optional>

#include "log-sum-exp.h"
#include "matmul-block.h"
#include "quantized-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

constexpr int64_t vocabularyChunk = logSumExpChunk;

struct LogitsBlock {
  Arithmetic arithmetic;
  LeftMatrix hidden;
  const Operand* weight;  // packed, K = width, N = vocabulary; or in blocks
  std::optional<BlockMatrix> blocks;
  int64_t rowsPerBlock;

  LogitsBlock(const Operand& hiddenStates, const Operand& packedWeight, int64_t rows)
      : hidden{{hiddenStates.data, hiddenStates.dtype == DType::bf16, rowStrideOf(hiddenStates)}, false},
        weight(&packedWeight) {
    if (isInBlocks(packedWeight)) blocks.emplace(packedWeight);
    arithmetic = chooseArithmetic(packedWeight.dtype == DType::packedBf16, rows);
    rowsPerBlock = std::min(blocks ? rowsInBlocks : blockRows(arithmetic, width()), rows);
    while (rowsPerBlock > 1 && logitBytes() + arrangedBytes() > static_cast<int64_t>(Team::scratchBytes))
      rowsPerBlock = ceilDivide(rowsPerBlock, 2);
    if (arithmetic == Arithmetic::tiles) rowsPerBlock = roundUp(rowsPerBlock, 16);
  }

  // A good block of rows for weights in blocks: whole strips, whose logits stay in the second cache.
  static constexpr int64_t rowsInBlocks = 96;

  int64_t width() const { return blocks ? blocks->inputs : weight->dims[0]; }
  int64_t vocabulary() const { return blocks ? blocks->outputs : weight->dims[1]; }
  int64_t arrangedBytes() const {
    if (!blocks) return leftBytes(arithmetic, rowsPerBlock, width());
    return ActivationStrips::bytes(rowsPerBlock, width()) + ActivationStrips::panelBytes(width());
  }
  int64_t logitBytes() const { return roundUp(rowsPerBlock, 16) * vocabularyChunk * 4; }

  // Where the arranged hidden states of a block lie in a worker's scratch: behind its logits.
  void* leftOf(void* scratch) const { return static_cast<uint8_t*>(scratch) + logitBytes(); }

  void arrange(int64_t row, int64_t rows, void* scratch) const {
    if (!blocks) return packLeft(arithmetic, hidden, row, rows, 0, width(), leftOf(scratch));
    ActivationStrips strips(leftOf(scratch), rows, blocks->inputs, blocks->nibbles);
    const int64_t stride = hidden.matrix.stride;
    for (int64_t strip = 0; strip < strips.count(); strip++)
      strips.quantize(strip, static_cast<const float*>(hidden.matrix.data) + row * stride, stride);
  }

  // Fills the logits at the beginning of the scratch, rows `vocabularyChunk` apart, with columns [first, first + count)
  // of the vocabulary; `first` is a multiple of 32.
  void compute(int64_t rows, int64_t first, int64_t count, void* scratch) const {
    float* logits = static_cast<float*>(scratch);
    if (blocks) {
      const ActivationStrips strips(leftOf(scratch), rows, blocks->inputs, blocks->nibbles);
      uint8_t* const memory = static_cast<uint8_t*>(leftOf(scratch)) + ActivationStrips::bytes(rowsPerBlock, width());
      for (int64_t column = 0; column < count; column += panelColumns) {
        const int64_t panel = (first + column) / panelColumns;
        const uint8_t* arranged = strips.arrange(*blocks, panel, memory);
        for (int64_t strip = 0; strip < strips.count(); strip++)
          strips.multiply(strip, arranged, blocks->panelScales(panel),
                          logits + strips.firstRow(strip) * vocabularyChunk + column, vocabularyChunk, panelColumns);
      }
      return;
    }
    const int64_t stride = panelBytes(weight->dtype, width());
    const int64_t lastPanel = ceilDivide(first + count, panelColumns);
    for (int64_t panel = first / panelColumns; panel < lastPanel; panel += groupPanels) {
      const int panels = static_cast<int>(std::min<int64_t>(groupPanels, lastPanel - panel));
      multiplyPanels(arithmetic, leftOf(scratch), rows, width(), weight->as<const uint8_t>() + panel * stride, stride,
                     panels, logits + (panel * panelColumns - first), vocabularyChunk, Start::zero);
    }
  }
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
