// Strips of activations and micro-kernels of quantized-block.h.
//
// The micro-kernel walks along a panel once, loading each group of weights once and multiplying it by every row's four
// inputs, which are read as a broadcast. The integer sums of a block (block-sums.h) and the float sums stay in registers,
// so a panel is read at the speed of memory for a few rows, and at that of the integer units for many.
//
// What each step gained, in Gop/s of one core (its float32 products reach 109), 768 inputs:
//                                         q8_0: 1 row · 8 · 512    q4_0
//   AVX2, int16 products of bytes              57 ·  92 · 108      122 · 185 · 196
//   AVX-512, four bytes an instruction         96 · 323 · 344      212 · 354 · 347
// One row is bound by memory: weights come at 30 and 51 GB/s (q4_0 34 and 60).
#include "quantized-block.h"

#include <array>
#include <utility>

#include "block-sums.h"
#include "quantized-tiles.h"
#include "rounded-blocks.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

// Bytes of one row's share of a block: its activations, scale and start.
constexpr int64_t shareBytes = blockInputs + 4 + 4;

template <int rows, bool nibbles>
void multiplyStrip(const uint8_t* strip, const uint8_t* weights, const uint16_t* scales, int64_t blocks, float* out,
                   int64_t stride, int columns) {
  F32x16 total[rows];
  _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) total[row] = zero();
  for (int64_t block = 0; block < blocks; block++) {
    const auto* activations = reinterpret_cast<const int8_t*>(strip);
    const float* rowScales = reinterpret_cast<const float*>(activations + blockInputs * rows);
    const int32_t* starts = reinterpret_cast<const int32_t*>(rowScales + rows);
    I32x16 sums[rows];
    sumBlock<rows, nibbles>(weights, activations, starts, sums);
    const F32x16 scale = loadFloat16(scales);
    _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++)
      total[row] = fma(toFloat(sums[row]), scale * broadcast(rowScales[row]), total[row]);
    strip += rows * shareBytes;
    weights += (nibbles ? groups / 2 : groups) * groupBytes;
    scales += panelColumns;
  }
  _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) store(out + row * stride, total[row], columns);
}

using Strip = void (*)(const uint8_t*, const uint8_t*, const uint16_t*, int64_t, float*, int64_t, int);
template <bool nibbles, int... height> constexpr auto stripTable(std::integer_sequence<int, height...>) {
  return std::array<Strip, sizeof...(height)>{multiplyStrip<height + 1, nibbles>...};
}
constexpr auto stripsOfBytes = stripTable<false>(std::make_integer_sequence<int, blockStripRows>{});
constexpr auto stripsOfNibbles = stripTable<true>(std::make_integer_sequence<int, blockStripRows>{});

// ---- activations

void quantizeStrip(const float* x, int64_t stride, int64_t rows, int64_t blocks, bool nibbles, uint8_t* to) {
  const int offset = nibbles ? nibbleOffset : weightOffset;
  RoundedBlocks rounded;
  // Sixteen blocks at a time, of one row or of all rows.
  const int64_t together = rows == 1 ? RoundedBlocks::most : 1;
  for (int64_t first = 0; first < blocks; first += together) {
    const int64_t some = std::min(together, blocks - first);
    if (rows == 1) rounded.round(x + first * blockInputs, blockInputs, some);
    else rounded.round(x + first * blockInputs, stride, rows);
    for (int64_t block = 0; block < some; block++, to += rows * shareBytes) {
      auto* activations = reinterpret_cast<int8_t*>(to);
      float* scales = reinterpret_cast<float*>(activations + blockInputs * rows);
      int32_t* starts = reinterpret_cast<int32_t*>(scales + rows);
      for (int64_t row = 0; row < rows; row++) {
        const int8_t* values = rounded.values[block + row];
        for (int number = 0; number < groups; number++)
          std::memcpy(activations + 4 * (number * rows + row), values + 4 * number, 4);
        scales[row] = rounded.scales[block + row];
        starts[row] = -offset * rounded.sums[block + row];
      }
    }
  }
}

}  // namespace

ActivationStrips::ActivationStrips(void* memory, int64_t rows, int64_t inputs, bool nibbles)
    : blocks_(inputs / blockInputs),
      nibbles_(nibbles),
      memory_(static_cast<uint8_t*>(memory)),
      rows_(rows),
      tiles_(false),
      rowBytes_(blocks_ * shareBytes),
      count_(ceilDivide(rows, blockStripRows)),
      shorter_(count_ == 0 ? 0 : rows / count_),
      longer_(count_ == 0 ? 0 : rows % count_) {
#if defined(GLOSSA_LEVEL_AMX)
  if (rows <= blockStripRows) return;
  tiles_ = true;
  rowBytes_ = blocks_ * tileShareBytes;
  count_ = ceilDivide(rows, byteTileRows);
  shorter_ = byteTileRows;
  longer_ = 0;
#endif
}

void ActivationStrips::quantize(int64_t strip, const float* x, int64_t stride) {
#if defined(GLOSSA_LEVEL_AMX)
  if (tiles_) return quantizeTile(x + firstRow(strip) * stride, stride, rowsOf(strip), blocks_, stripData(strip));
#endif
  quantizeStrip(x + firstRow(strip) * stride, stride, rowsOf(strip), blocks_, nibbles_, stripData(strip));
}

const uint8_t* ActivationStrips::arrange(const BlockMatrix& weight, int64_t panel, [[maybe_unused]] void* memory) const {
#if defined(GLOSSA_LEVEL_AMX)
  if (tiles_ && nibbles_) {
    unpackNibbles(weight.panelWeights(panel), blocks_, static_cast<uint8_t*>(memory));
    return static_cast<const uint8_t*>(memory);
  }
#endif
  return weight.panelWeights(panel);
}

void ActivationStrips::multiply(int64_t strip, const uint8_t* arranged, const uint16_t* scales, float* out,
                                int64_t stride, int columns) const {
#if defined(GLOSSA_LEVEL_AMX)
  if (tiles_) return multiplyByteTiles(stripData(strip), arranged, scales, blocks_, rowsOf(strip), out, stride, columns);
#endif
  const Strip run = (nibbles_ ? stripsOfNibbles : stripsOfBytes)[static_cast<size_t>(rowsOf(strip) - 1)];
  run(stripData(strip), arranged, scales, blocks_, out, stride, columns);
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
