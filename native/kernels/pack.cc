// Kernel `pack`: the right operand of a matmul, rearranged once so that every matmul reads it in order (layout: pack.h).
// Values move; in packedBf16 they are rounded to nearest even. Threads split panels.
#include "pack.h"

#include "kernels.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

int lanesLeft(int64_t total, int64_t at) {
  const int64_t left = total - at;
  return left >= vectorLanes ? vectorLanes : left > 0 ? static_cast<int>(left) : 0;
}

// Source [K, N]: a row of the panel is sixteen neighbours of a source row.
void packRowsF32(const Matrix& source, int64_t inner, int64_t column, int count, float* to) {
  for (int64_t k = 0; k < inner; k++) store(to + k * panelColumns, source.load(k, column, count));
}

void packRowsBf16(const Matrix& source, int64_t inner, int64_t column, int count, int32_t* to) {
  for (int64_t k = 0; k < roundUp(inner, dotStep); k += 2, to += panelColumns) {
    if (source.bf16 && count == 16 && k + 1 < inner) {  // only moves
      const uint16_t* from = static_cast<const uint16_t*>(source.data) + k * source.stride + column;
      storeInt(to, shiftRight<16>(asInt(loadBf16(from))) | asInt(loadBf16(from + source.stride)));
      continue;
    }
    storeInt(to, source.pairsDown(k, static_cast<int>(std::min<int64_t>(inner - k, 2)), column, count));
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

void packPanel(DType packed, const Matrix& source, bool transposed, int64_t inner, int64_t columns, int64_t panel,
               void* to) {
  const int64_t column = panel * panelColumns;
  const int count = lanesLeft(columns, column);
  if (packed == DType::packedBf16) {
    if (transposed) packColumnsBf16(source, inner, column, count, static_cast<int32_t*>(to));
    else packRowsBf16(source, inner, column, count, static_cast<int32_t*>(to));
  } else {
    if (transposed) packColumnsF32(source, inner, column, count, static_cast<float*>(to));
    else packRowsF32(source, inner, column, count, static_cast<float*>(to));
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
  // A task is some panels: about 32 KB, so that small packs do not pay for being shared out.
  const int64_t panelsPerTask = std::max<int64_t>(1, 32768 / bytes);
  team.forEach(ceilDivide(panels, panelsPerTask), [&](int64_t task, int) {
    const int64_t end = std::min(panels, (task + 1) * panelsPerTask);
    for (int64_t panel = task * panelsPerTask; panel < end; panel++)
      packPanel(out.dtype, source, transposed, inner, columns, panel, static_cast<uint8_t*>(out.data) + panel * bytes);
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
