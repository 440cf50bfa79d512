// The tiles of quantized-tiles.h. The steps, none of them timed on a processor with tiles: a strip's sixteen totals stay in
// registers (GCC had kept them in memory: a load and a store more for each of a block's sixteen sums), a block's sums
// are read three blocks after their tile was stored, and nibbles are made into bytes once for a panel.
#include "quantized-tiles.h"

#if defined(GLOSSA_LEVEL_AMX)

#include "block-sums.h"
#include "rounded-blocks.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

void unpackNibbles(const uint8_t* weights, int64_t blocks, uint8_t* to) {
  const __m512i low = _mm512_set1_epi8(15), offset = _mm512_set1_epi8(nibbleOffset);
  for (int64_t block = 0; block < blocks; block++, to += groups * groupBytes) {
    for (int number = 0; number < groups / 2; number++, weights += groupBytes) {
      const __m512i pairs = _mm512_loadu_si512(weights);
      const __m512i upper = _mm512_and_si512(_mm512_srli_epi16(pairs, 4), low);
      _mm512_store_si512(to + number * groupBytes, _mm512_sub_epi8(_mm512_and_si512(pairs, low), offset));
      _mm512_store_si512(to + (number + groups / 2) * groupBytes, _mm512_sub_epi8(upper, offset));
    }
  }
}

void quantizeTile(const float* x, int64_t stride, int64_t rows, int64_t blocks, uint8_t* to) {
  RoundedBlocks rounded;
  for (int64_t block = 0; block < blocks; block++, to += byteTileRows * tileShareBytes) {
    rounded.round(x + block * blockInputs, stride, rows);
    std::memcpy(to, rounded.values, sizeof(rounded.values));
    std::memcpy(to + sizeof(rounded.values), rounded.scales, sizeof(rounded.scales));
  }
}

namespace {

// The sums of one block into a tile and on to memory. Neighbours use other tiles, so that none waits for another.
template <int slot> inline void sumTile(const uint8_t* weights, const uint8_t* activations, int32_t* sums) {
  tileLoad<slot % 2>(weights, groupBytes);
  tileLoad<2 + slot % 2>(activations, blockInputs);
  tileZero<4 + slot>();
  tileDotBytes<4 + slot, 2 + slot % 2, slot % 2, false>();
  tileStore<4 + slot>(sums, groupBytes);
}

}  // namespace

// Sums go through memory, where they must have arrived before they are read: a block's are read three blocks later. The
// totals stay in sixteen registers.
void multiplyByteTiles(const uint8_t* strip, const uint8_t* weights, const uint16_t* scales, int64_t blocks,
                       int64_t rows, float* out, int64_t stride, int columns) {
  constexpr int64_t step = byteTileRows * tileShareBytes, weightStep = groups * groupBytes;
  alignas(64) int32_t sums[4][byteTileRows * panelColumns];
  F32x16 total[byteTileRows];
  _Pragma("GCC unroll 16") for (int row = 0; row < byteTileRows; row++) total[row] = zero();
  const auto multiply = [=, &sums]<int slot>(int64_t block) {
    if (block < blocks) sumTile<slot>(weights + block * weightStep, strip + block * step, sums[slot]);
  };
  multiply.template operator()<0>(0);
  multiply.template operator()<1>(1);
  multiply.template operator()<2>(2);
  for (int64_t block = 0; block < blocks; block++) {
    switch (block % 4) {
      case 0: multiply.template operator()<3>(block + 3); break;
      case 1: multiply.template operator()<0>(block + 3); break;
      case 2: multiply.template operator()<1>(block + 3); break;
      default: multiply.template operator()<2>(block + 3);
    }
    const auto* rowScales = reinterpret_cast<const float*>(strip + block * step + byteTileRows * blockInputs);
    const F32x16 scale = loadFloat16(scales + block * panelColumns);
    const int32_t* from = sums[block % 4];
    _Pragma("GCC unroll 16") for (int row = 0; row < byteTileRows; row++)
      total[row] = fma(toFloat(loadInt(from + row * panelColumns)), scale * broadcast(rowScales[row]), total[row]);
  }
  _Pragma("GCC unroll 16") for (int row = 0; row < byteTileRows; row++)
    if (row < rows) store(out + row * stride, total[row], columns);
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa

#endif
