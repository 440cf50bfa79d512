// Kernel `linearCrossEntropyGradient`. With p = exp(logit − logSumExp), d[row, j] = (p − [j = target]) · dnll[row] (0 for
// ignored rows, rounded to bf16 when the packs are bf16):
//   dhidden = d · weightᵀ       the chain of additions runs over the vocabulary in ascending order
//   dweight = dᵀ · hidden       over the rows in ascending order, from the accumulator or zero
// as matmuls (matmul-block.h). Chunks of 1,024 of the vocabulary are outermost: of d only one chunk stands in memory
// ([rows][1,024] in the scratch operand: rows · 1,024 · 4 bytes, half of that used in bf16), and each chunk's three
// products continue where the last one stopped.
#include <vector>

#include "kernels.h"
#include "logits-block.h"
#include "matmul.h"

#if defined(GLOSSA_LEVEL_AMX)
#include "../simd/tile.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

// One row's chunk of logits becomes its chunk of d.
void differentiateRow(const float* logits, int64_t count, int64_t target, float logSum, float scale, bool bf16,
                      void* to) {
  const F32x16 shift = broadcast(logSum), scales = broadcast(scale);
  for (int64_t j = 0; j < count; j += vectorLanes) {
    const int some = static_cast<int>(std::min<int64_t>(vectorLanes, count - j));
    F32x16 value = exp(load(logits + j) - shift);
    if (target >= j && target < j + vectorLanes) {
      float lanes[vectorLanes];
      store(lanes, value);
      lanes[target - j] -= 1.0f;
      value = load(lanes);
    }
    value = value * scales;
    if (bf16) storeBf16(static_cast<uint16_t*>(to) + j, value, some);
    else store(static_cast<float*>(to) + j, value, some);
  }
}

}  // namespace

void linearCrossEntropyGradient(const Call& call, Team& team) {
  const Operand& dhidden = call.outputs[0];
  const Operand& dweight = call.outputs[1];
  uint8_t* const differences = call.outputs[2].as<uint8_t>();
  const Operand& hidden = call.inputs[0];
  const Operand& weight = call.inputs[1];
  const Operand& weightTransposed = call.inputs[2];
  const Operand& hiddenPacked = call.inputs[3];
  const int32_t* const targets = call.inputs[4].as<const int32_t>();
  const float* const logSums = call.inputs[5].as<const float>();
  const float* const dnll = call.inputs[6].as<const float>();
  const Operand accumulator = call.inputCount > 7 ? call.inputs[7] : Operand{};
  const int64_t rows = hidden.dims[0], width = weight.dims[0], vocabulary = weight.dims[1];
  const bool bf16 = weight.dtype == DType::packedBf16;
  const int64_t elementBytes = bf16 ? 2 : 4;
  const LogitsBlock logits(hidden, weight, std::max<int64_t>(rows, 1));

  for (int64_t column = 0; column < vocabulary; column += vocabularyChunk) {
    const int64_t count = std::min(vocabularyChunk, vocabulary - column);

    // d of this chunk: blocks of rows × ranges of columns.
    const int64_t blocks = ceilDivide(rows, logits.rowsPerBlock);
    const int64_t groups = ceilDivide(count, groupColumns);
    const int64_t ranges =
        blocks == 0 ? 1 : std::clamp<int64_t>(ceilDivide(4 * team.size(), blocks), 1, std::min<int64_t>(groups, 8));
    std::vector<int64_t> arranged(static_cast<size_t>(team.size()), -1);
    team.forEach(blocks * ranges, [&](int64_t task, int worker) {
#if defined(GLOSSA_LEVEL_AMX)
      const TileSession session;
#endif
      void* scratch = team.scratch(worker);
      const int64_t first = task / ranges * logits.rowsPerBlock, some = std::min(logits.rowsPerBlock, rows - first);
      if (arranged[static_cast<size_t>(worker)] != first) {
        logits.arrange(first, some, scratch);
        arranged[static_cast<size_t>(worker)] = first;
      }
      const int64_t range = task % ranges;
      const int64_t from = groups * range / ranges * groupColumns;
      const int64_t length = std::min(count, groups * (range + 1) / ranges * groupColumns) - from;
      logits.compute(some, column + from, length, scratch);
      for (int64_t row = first; row < first + some; row++) {
        const bool counted = targets[row] >= 0;
        uint8_t* to = differences + (row * vocabularyChunk + from) * elementBytes;
        if (counted) {
          differentiateRow(static_cast<const float*>(scratch) + (row - first) * vocabularyChunk, length,
                           targets[row] - column - from, logSums[row], dnll[row], bf16, to);
        } else {
          std::memset(to, 0, static_cast<size_t>(length * elementBytes));
        }
      }
    });

    // dhidden continues over this chunk of the vocabulary.
    Product toHidden;
    toHidden.rows = rows;
    toHidden.columns = width;
    toHidden.inner = count;
    toHidden.bf16 = bf16;
    toHidden.left = {{differences, bf16, vocabularyChunk}, false};
    toHidden.right = weightTransposed.as<const uint8_t>() + column * panelColumns * elementBytes;
    toHidden.panelStride = panelBytes(weightTransposed.dtype, vocabulary);
    toHidden.out = dhidden.data;
    toHidden.outStride = rowStrideOf(dhidden);
    toHidden.accumulator = column == 0 ? nullptr : dhidden.as<const float>();
    toHidden.accumulatorStride = toHidden.outStride;
    multiply(toHidden, team);

    // This chunk's rows of dweight.
    Product toWeight;
    toWeight.rows = count;
    toWeight.columns = width;
    toWeight.inner = rows;
    toWeight.bf16 = bf16;
    toWeight.left = {{differences, bf16, vocabularyChunk}, true};
    toWeight.right = hiddenPacked.data;
    toWeight.panelStride = panelBytes(hiddenPacked.dtype, rows);
    toWeight.outStride = rowStrideOf(dweight);
    toWeight.out = dweight.as<float>() + column * toWeight.outStride;
    toWeight.accumulatorStride = accumulator.present() ? rowStrideOf(accumulator) : 0;
    toWeight.accumulator =
        accumulator.present() ? accumulator.as<const float>() + column * toWeight.accumulatorStride : nullptr;
    multiply(toWeight, team);
  }
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
