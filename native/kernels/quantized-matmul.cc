// Kernel `quantizedMatmul`: out[rows, outputs] = x[rows, inputs] · weightᵀ for each weight, all of them in blocks of one
// kind (block-panels.h), the arithmetic that of quantized-block.h.
//
//   outs f32 or bf16, one a weight, activations bytes (scratch) | x f32, weights
//
// All rows are rounded once, then tasks share out blocks of rows × ranges of the weights' panels. Within a task each panel
// meets every strip of its rows before the next panel comes: weights are read from memory once for a block of rows, and a
// block's activations stay in the second cache.
#include <vector>

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

// A weight, what it makes, and the number of its first panel among all weights' panels.
struct Part {
  BlockMatrix weight;
  const Operand* out;
  int64_t firstPanel;
};

// One panel's columns of a part for a range of strips.
void multiplyPanel(const ActivationStrips& strips, const Part& part, int64_t panel, int64_t strip, int64_t lastStrip,
                   void* scratch) {
  const Operand& out = *part.out;
  const int64_t column = panel * panelColumns;
  const int columns = lanesFrom(column, part.weight.outputs);
  const uint8_t* const arranged = strips.arrange(part.weight, panel, scratch);
  const uint16_t* const scales = part.weight.panelScales(panel);
  for (; strip < lastStrip; strip++) {
    const int64_t at = strips.firstRow(strip) * rowStrideOf(out) + column;
    if (out.dtype == DType::f32) {
      strips.multiply(strip, arranged, scales, out.as<float>() + at, rowStrideOf(out), columns);
      continue;
    }
    // Rows of a strip, sixteen columns each.
    float sums[16 * panelColumns];
    strips.multiply(strip, arranged, scales, sums, panelColumns, panelColumns);
    for (int64_t row = 0; row < strips.rowsOf(strip); row++)
      storeBf16(out.as<uint16_t>() + at + row * rowStrideOf(out), load(sums + row * panelColumns), columns);
  }
}

}  // namespace

void quantizedMatmul(const Call& call, Team& team) {
  const Operand& x = call.inputs[0];
  const int weights = call.inputCount - 1;
  require(weights > 0 && call.outputCount >= weights && x.dtype == DType::f32, "quantizedMatmul: operands differ");
  const int64_t rows = x.dims[0], inputs = x.dims[1];
  const bool nibbles = call.inputs[1].dtype == DType::q4_0;
  std::vector<Part> parts;
  int64_t panels = 0, outputs = 0;
  for (int i = 0; i < weights; i++) {
    const Operand &operand = call.inputs[1 + i], &out = call.outputs[i];
    const BlockMatrix weight(operand);
    require(isInBlocks(operand) && weight.nibbles == nibbles && weight.inputs == inputs && out.dims[0] == rows &&
                out.dims[1] == weight.outputs,
            "quantizedMatmul: shapes differ");
    parts.push_back({weight, &out, panels});
    panels += weight.panels;
    outputs += weight.outputs;
  }
  if (rows == 0 || panels == 0) return;
  require(ActivationStrips::panelBytes(inputs) <= static_cast<int64_t>(Team::scratchBytes),
          "quantizedMatmul: a panel of so many inputs does not fit in a thread's scratch");
  // Without inputs there is nothing to round, and no scratch.
  void* const memory = call.outputCount > weights ? call.outputs[weights].data : nullptr;
  require(memory != nullptr || inputs == 0, "quantizedMatmul: no scratch for activations");
  ActivationStrips strips(memory, rows, inputs, nibbles);

  const auto round = [&](int64_t strip, int) { strips.quantize(strip, x.as<const float>(), rowStrideOf(x)); };
  if (rows * inputs < worthSharing / 4) {
    for (int64_t strip = 0; strip < strips.count(); strip++) round(strip, 0);
  } else {
    team.forEach(strips.count(), round);
  }

  const bool shared = team.size() > 1 && rows * inputs * outputs >= worthSharing;
  const int64_t wanted = shared ? 4 * team.size() : 1;
  const int64_t stripsPerBlock = std::max<int64_t>(1, cachedBytes / std::max<int64_t>(1, strips.stripBytes()));
  const int64_t blocks = ceilDivide(strips.count(), stripsPerBlock);
  const int64_t ranges = std::clamp<int64_t>(ceilDivide(wanted, blocks), 1, panels);
  team.forEach(blocks * ranges, [&](int64_t task, int worker) {
#if defined(GLOSSA_LEVEL_AMX)
    const TileSession session(blockTiles);
#endif
    const int64_t block = task / ranges, range = task % ranges;
    const int64_t firstStrip = strips.count() * block / blocks, lastStrip = strips.count() * (block + 1) / blocks;
    size_t part = 0;
    for (int64_t panel = panels * range / ranges; panel < panels * (range + 1) / ranges; panel++) {
      while (panel >= parts[part].firstPanel + parts[part].weight.panels) part++;
      multiplyPanel(strips, parts[part], panel - parts[part].firstPanel, firstStrip, lastStrip, team.scratch(worker));
    }
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
