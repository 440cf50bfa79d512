// Kernel `linearCrossEntropyGradient`. With p = exp(logit − logSumExp), d[row, j] = (p − [j = target]) · dnll[row] (0 for
// ignored rows, rounded to bf16 when the packs are bf16):
//   dhidden = d · weightᵀ       the chain of additions runs over the vocabulary in ascending order
//   dweight = dᵀ · hidden       over the rows in ascending order, from the accumulator or zero
// as matmuls (matmul-block.h). Chunks of 1,024 of the vocabulary are outermost: of d only one chunk stands in memory
// ([rows][1,024] in the scratch operand: rows · 1,024 · 4 bytes, half of that used in bf16), and each chunk's three
// products continue where the last one stopped.
//
// d is made while a product's sums are in scratch, as any other finish: 62 → 53 ms (2,048 × 384 × 8,192, on stand-ins for
// tiles).
#include <cstring>

#include "../simd/math.h"
#include "kernels.h"
#include "layout.h"
#include "log-sum-exp.h"
#include "matmul.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

constexpr int64_t vocabularyChunk = logSumExpChunk;

// Logits of one chunk of the vocabulary, while they are made, become that chunk of d.
class Differences final : public Finish {
 public:
  const int32_t* targets;
  const float* logSums;
  const float* dnll;
  bool bf16;
  uint8_t* out;       // [rows][1,024]
  int64_t chunk = 0;  // the first of this chunk's tokens

  int64_t elementBytes() const { return bf16 ? 2 : 4; }
  int64_t scratchBytes() const override { return 0; }
  void fetch(int64_t row, int64_t rows, int64_t column, int64_t columns) const override {
    fetchRows(out, bf16, vocabularyChunk, row, rows, column, columns);
  }
  void write(int64_t row, int64_t rows, int64_t column, int64_t columns, const float* logits, void*) const override {
    for (int64_t end = row + rows; row < end; row++, logits += groupColumns) {
      uint8_t* const to = out + (row * vocabularyChunk + column) * elementBytes();
      if (targets[row] < 0) {
        std::memset(to, 0, static_cast<size_t>(columns * elementBytes()));
        continue;
      }
      const F32x16 shift = broadcast(logSums[row]), scale = broadcast(dnll[row]);
      for (int64_t j = 0; j < columns; j += vectorLanes) {
        F32x16 share = expBelow88(load(logits + j) - shift);
        const int64_t target = targets[row] - chunk - column - j;
        if (target >= 0 && target < vectorLanes) share = lessOne(share, target);
        const int lanes = lanesFrom(j, columns);
        if (bf16) storeBf16(reinterpret_cast<uint16_t*>(to) + j, share * scale, lanes);
        else store(reinterpret_cast<float*>(to) + j, share * scale, lanes);
      }
    }
  }

 private:
  static F32x16 lessOne(F32x16 shares, int64_t lane) {
    float lanes[vectorLanes];
    store(lanes, shares);
    lanes[lane] -= 1.0f;
    return load(lanes);
  }
};

}  // namespace

void linearCrossEntropyGradient(const Call& call, Team& team) {
  const Operand& dhidden = call.outputs[0];
  const Operand& dweight = call.outputs[1];
  const Operand& hidden = call.inputs[0];
  const Operand& weight = call.inputs[1];
  const Operand& weightTransposed = call.inputs[2];
  const Operand& hiddenPacked = call.inputs[3];
  const Operand accumulator = call.inputCount > 7 ? call.inputs[7] : Operand{};
  const int64_t rows = hidden.dims[0], width = weight.dims[0], vocabulary = weight.dims[1];
  Differences differences;
  differences.targets = call.inputs[4].as<const int32_t>();
  differences.logSums = call.inputs[5].as<const float>();
  differences.dnll = call.inputs[6].as<const float>();
  differences.bf16 = weight.dtype == DType::packedBf16;
  differences.out = call.outputs[2].as<uint8_t>();
  const bool bf16 = differences.bf16;

  for (int64_t column = 0; column < vocabulary; column += vocabularyChunk) {
    const int64_t count = std::min(vocabularyChunk, vocabulary - column);

    // d of this chunk.
    differences.chunk = column;
    Product logits;
    logits.rows = rows;
    logits.columns = count;
    logits.inner = width;
    logits.bf16 = bf16;
    logits.left = {{hidden.data, hidden.dtype == DType::bf16, rowStrideOf(hidden)}, false};
    logits.panelStride = panelBytes(weight.dtype, width);
    logits.right = weight.as<const uint8_t>() + column / panelColumns * logits.panelStride;
    logits.finish = &differences;
    multiply(logits, team);

    // dhidden continues over this chunk of the vocabulary.
    Product toHidden;
    toHidden.rows = rows;
    toHidden.columns = width;
    toHidden.inner = count;
    toHidden.bf16 = bf16;
    toHidden.left = {{differences.out, bf16, vocabularyChunk}, false};
    toHidden.right = weightTransposed.as<const uint8_t>() + column * panelColumns * differences.elementBytes();
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
    toWeight.left = {{differences.out, bf16, vocabularyChunk}, true};
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
