// Kernel `quantizedMatmul`: out[rows, outputs] = x[rows, inputs] · weightᵀ, the weight in blocks (block-panels.h), the
// arithmetic that of quantized-block.h.
//
//   out f32 or bf16, activations bytes (scratch) | x f32, weight
//
// All rows are rounded once, then tasks share out blocks of rows × ranges of panels. Within a task each panel meets every
// strip of its rows before the next panel comes: weights are read from memory once for a block of rows, and a block's
// activations stay in the second cache.
#include "kernels.h"
#include "layout.h"
#include "quantized-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

// Bytes of activations that leave room for panels in the second cache.
constexpr int64_t cachedBytes = 384 << 10;
// Below this many multiply-adds (of whole blocks) a second thread costs more than it brings.
constexpr int64_t worthSharing = 1 << 17;

}  // namespace

void quantizedMatmul(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& x = call.inputs[0];
  const Operand& weightOperand = call.inputs[1];
  const BlockMatrix weight(weightOperand);
  const int64_t rows = x.dims[0];
  require(isInBlocks(weightOperand) && x.dtype == DType::f32 && x.dims[1] == weight.inputs && out.dims[0] == rows &&
              out.dims[1] == weight.outputs,
          "quantizedMatmul: shapes differ");
  if (rows == 0 || weight.outputs == 0) return;
  ActivationStrips strips(call.outputs[1].data, rows, weight);

  const auto round = [&](int64_t strip, int) { strips.quantize(strip, x.as<const float>(), rowStrideOf(x)); };
  if (rows * weight.inputs < worthSharing / 4) {
    for (int64_t strip = 0; strip < strips.count(); strip++) round(strip, 0);
  } else {
    team.forEach(strips.count(), round);
  }

  const bool shared = team.size() > 1 && rows * weight.inputs * weight.outputs >= worthSharing;
  const int64_t wanted = shared ? 4 * team.size() : 1;
  const int64_t stripsPerBlock = std::max<int64_t>(1, cachedBytes / std::max<int64_t>(1, strips.stripBytes()));
  const int64_t blocks = ceilDivide(strips.count(), stripsPerBlock);
  const int64_t ranges = std::clamp<int64_t>(ceilDivide(wanted, blocks), 1, weight.panels);
  require(ActivationStrips::panelBytes(weight.inputs) <= static_cast<int64_t>(Team::scratchBytes),
          "quantizedMatmul: more inputs than a thread's scratch holds a panel of");
  team.forEach(blocks * ranges, [&](int64_t task, int worker) {
#if defined(GLOSSA_LEVEL_AMX)
    const TileSession session(blockTiles);
#endif
    const int64_t block = task / ranges, range = task % ranges;
    const int64_t lastStrip = strips.count() * (block + 1) / blocks;
    for (int64_t panel = weight.panels * range / ranges; panel < weight.panels * (range + 1) / ranges; panel++) {
      const int64_t column = panel * panelColumns;
      const int columns = lanesFrom(column, weight.outputs);
      const uint8_t* arranged = strips.arrange(panel, team.scratch(worker));
      for (int64_t strip = strips.count() * block / blocks; strip < lastStrip; strip++) {
        const int64_t first = strips.firstRow(strip), at = first * rowStrideOf(out) + column;
        if (out.dtype == DType::f32) {
          strips.multiply(strip, panel, arranged, out.as<float>() + at, rowStrideOf(out), columns);
          continue;
        }
        // Rows of a strip, sixteen columns each.
        float sums[16 * panelColumns];
        strips.multiply(strip, panel, arranged, sums, panelColumns, panelColumns);
        for (int64_t row = 0; row < strips.rowsOf(strip); row++)
          storeBf16(out.as<uint16_t>() + at + row * rowStrideOf(out), load(sums + row * panelColumns), columns);
      }
    }
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
