// Kernel `pack`: the right operand of a matmul, rearranged once so that every matmul reads it in order (layout: pack.h).
// Values move; in packedBf16 they are rounded to nearest even. Threads split panels.
//
// Eight panels side by side instead of one: 768 × 3,072 in 635 → 465 µs, 384 × 1,536 in 112 → 50 to 70 µs.
#include "pack.h"

#include "kernels.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

int lanesLeft(int64_t total, int64_t at) {
  const int64_t left = total - at;
  return left >= vectorLanes ? vectorLanes : left > 0 ? static_cast<int>(left) : 0;
}

// Neighbouring panels that are filled side by side from a source [K, N], so that its rows are read in pieces longer than
// the 64 bytes that one panel takes of each.
constexpr int64_t panelsAtOnce = 8;

// Source [K, N]: a row of a panel is sixteen neighbours of a source row. `to` holds the panels of columns first … end − 1.
void packRowsF32(const Matrix& source, int64_t inner, int64_t first, int64_t end, float* to) {
  const int64_t panelSize = inner * panelColumns;
  for (int64_t k = 0; k < inner; k++, to += panelColumns) {
    float* next = to;
    for (int64_t column = first; column < end; column += panelColumns, next += panelSize)
      store(next, source.load(k, column, lanesLeft(end, column)));
  }
}

// Source [K, N]: a row of a panel is sixteen pairs of neighbouring source rows.
void packRowsBf16(const Matrix& source, int64_t inner, int64_t first, int64_t end, int32_t* to) {
  const int64_t padded = roundUp(inner, dotStep), panelSize = padded / 2 * panelColumns;
  const int64_t wholePanels = (end - first) / panelColumns, panels = ceilDivide(end - first, panelColumns);
  const auto forWhole = [&](int64_t k, const auto* row, const auto& pairsOf) {
    int32_t* const at = to + k / 2 * panelColumns;
    for (int64_t panel = 0; panel < wholePanels; panel++)
      storeInt(at + panel * panelSize, pairsOf(row + panel * panelColumns, row + panel * panelColumns + source.stride));
  };
  for (int64_t k = 0; k < padded; k += 2) {
    int64_t panel = 0;
    if (k + 1 < inner) {
      const int64_t start = k * source.stride + first;
      if (source.bf16) {  // only moves
        forWhole(k, static_cast<const uint16_t*>(source.data) + start, [](const uint16_t* even, const uint16_t* odd) {
          return shiftRight<16>(asInt(loadBf16(even))) | asInt(loadBf16(odd));
        });
      } else {
        forWhole(k, static_cast<const float*>(source.data) + start,
                 [](const float* even, const float* odd) { return bf16Pairs(load(even), load(odd)); });
      }
      panel = wholePanels;
    }
    const int rows = static_cast<int>(std::clamp<int64_t>(inner - k, 0, 2));
    for (; panel < panels; panel++) {
      const int64_t column = first + panel * panelColumns;
      storeInt(to + k / 2 * panelColumns + panel * panelSize,
               source.pairsDown(k, rows, column, lanesLeft(end, column)));
    }
  }
}

// Source [N, K]: sixteen source rows, sixteen elements at a time, are turned over.
void packColumnsF32(const Matrix& source, int64_t inner, int64_t column, int count, float* to) {
  F32x16 square[16];
  for (int64_t k = 0; k < inner; k += 16) {
    const int some = lanesLeft(inner, k);
    if (!source.bf16 && count == 16 && some == 16) {
      const float* from = static_cast<const float*>(source.data) + column * source.stride + k;
      _Pragma("GCC unroll 16") for (int row = 0; row < 16; row++) square[row] = load(from + row * source.stride);
      transpose16(square);
      _Pragma("GCC unroll 16") for (int row = 0; row < 16; row++) store(to + (k + row) * panelColumns, square[row]);
      continue;
    }
    for (int row = 0; row < 16; row++) square[row] = row < count ? source.load(column + row, k, some) : zero();
    transpose16(square);
    for (int row = 0; row < some; row++) store(to + (k + row) * panelColumns, square[row]);
  }
}

// As above; here an element of the square is a pair (k, k + 1), which lies ready in a row of bf16.
void packColumnsBf16(const Matrix& source, int64_t inner, int64_t column, int count, int32_t* to) {
  F32x16 square[16];
  for (int64_t k = 0; k < inner; k += dotStep, to += 16 * panelColumns) {
    const int first = lanesLeft(inner, k), second = lanesLeft(inner, k + 16);
    for (int row = 0; row < 16; row++)
      square[row] = row < count ? asFloat(source.pairsAlong(column + row, k, first + second)) : zero();
    transpose16(square);
    _Pragma("GCC unroll 16") for (int row = 0; row < 16; row++) storeInt(to + row * panelColumns, asInt(square[row]));
  }
}

}  // namespace

void packPanels(DType packed, const Matrix& source, bool transposed, int64_t inner, int64_t columns, int64_t first,
                int64_t end, void* to) {
  uint8_t* next = static_cast<uint8_t*>(to);
  const int64_t step = transposed ? 1 : panelsAtOnce, bytes = panelBytes(packed, inner);
  for (int64_t panel = first; panel < end; panel += step, next += step * bytes) {
    const int64_t column = panel * panelColumns, beyond = std::min(columns, std::min(end, panel + step) * panelColumns);
    const int count = lanesLeft(columns, column);
    if (packed == DType::packedBf16) {
      int32_t* const pairs = reinterpret_cast<int32_t*>(next);
      if (transposed) packColumnsBf16(source, inner, column, count, pairs);
      else packRowsBf16(source, inner, column, beyond, pairs);
    } else {
      float* const floats = reinterpret_cast<float*>(next);
      if (transposed) packColumnsF32(source, inner, column, count, floats);
      else packRowsF32(source, inner, column, beyond, floats);
    }
  }
}

void pack(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& from = call.inputs[0];
  const bool transposed = call.ints[0] != 0;
  const int64_t inner = out.dims[0], columns = out.dims[1];
  const int64_t panels = ceilDivide(columns, panelColumns);
  if (panels == 0 || inner == 0) return;
  const Matrix source{from.data, from.dtype == DType::bf16, rowStrideOf(from)};
  const int64_t bytes = panelBytes(out.dtype, inner);
  // A task is some panels: about 32 KB, so that small packs do not pay for being shared out, and as many as are filled
  // side by side where that leaves enough tasks.
  int64_t panelsPerTask = std::max<int64_t>(1, 32768 / bytes);
  if (!transposed && panels >= 2 * panelsAtOnce * team.size())
    panelsPerTask = std::max(panelsPerTask, panelsAtOnce);
  team.forEach(ceilDivide(panels, panelsPerTask), [&](int64_t task, int) {
    const int64_t first = task * panelsPerTask, end = std::min(panels, first + panelsPerTask);
    packPanels(out.dtype, source, transposed, inner, columns, first, end, static_cast<uint8_t*>(out.data) + first * bytes);
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
