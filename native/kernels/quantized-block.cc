// Strips of activations and micro-kernels of quantized-block.h.
//
// The micro-kernel walks along a panel once, loading each group of weights once and multiplying it by every row's four
// inputs, which are read as a broadcast. The integer sums of a block and the float sums stay in registers, so a panel is
// read at the speed of memory for a few rows, and at that of the integer units for many. How a level multiplies bytes:
//
//   AVX-512  vpdpbusd takes unsigned · signed bytes: an int8 weight is read as q + 128 (its highest bit turned), a nibble
//            as it is, and the sum starts from −128 · Σa or −8 · Σa.
//   AVX2     vpmaddubsw takes unsigned · signed bytes and adds pairs in int16: of an int8 weight its size, the sign going
//            to the activation, which fits (q + 128 would not); of nibbles eight pairs fit.
//   AMX      signed bytes; nibbles are made into such, once for all rows that meet a panel. Each block's sums are stored and
//            turned to floats from memory.
//   NEON     int8: int16 products of bytes, two added up; nibbles: eight. With the dot product extension: that.
#include "quantized-block.h"

#include <array>
#include <utility>

#include "rounded-blocks.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)
constexpr int stripRows = 12;
constexpr int weightOffset = 128;
#elif defined(GLOSSA_LEVEL_AVX2)
constexpr int stripRows = 6;
constexpr int weightOffset = 0;
#else
constexpr int stripRows = 4;
constexpr int weightOffset = 0;
#endif
constexpr int nibbleOffset = 8;
constexpr int groups = 8;

// Bytes of one row's share of a block: its activations, scale and start.
constexpr int64_t shareBytes = blockInputs + 4 + 4;

// ---- a block of weights times the rows of a strip, in integers

#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)

template <int rows, bool nibbles>
inline void sumBlock(const uint8_t* weights, const int8_t* activations, const int32_t* starts, I32x16 (&sums)[rows]) {
  _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) sums[row] = broadcastInt(starts[row]);
  const auto add = [&](__m512i group, int number) {
    _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
      int32_t four;
      std::memcpy(&four, activations + 4 * (number * rows + row), 4);
      sums[row].part[0] = _mm512_dpbusd_epi32(sums[row].part[0], group, _mm512_set1_epi32(four));
    }
  };
  if constexpr (nibbles) {
    const __m512i low = _mm512_set1_epi8(15);
    _Pragma("GCC unroll 4") for (int number = 0; number < groups / 2; number++) {
      const __m512i pairs = _mm512_loadu_si512(weights + number * groupBytes);
      add(_mm512_and_si512(pairs, low), number);
      add(_mm512_and_si512(_mm512_srli_epi16(pairs, 4), low), number + groups / 2);
    }
  } else {
    const __m512i highest = _mm512_set1_epi8(static_cast<char>(0x80));
    _Pragma("GCC unroll 8") for (int number = 0; number < groups; number++)
      add(_mm512_xor_si512(_mm512_loadu_si512(weights + number * groupBytes), highest), number);
  }
}

#elif defined(GLOSSA_LEVEL_AVX2)

// Loops over groups stay loops: unrolled, GCC would load every broadcast once for both halves and spill them all.
inline __m256i loadHalfGroup(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

template <int rows, bool nibbles>
inline void sumBlock(const uint8_t* weights, const int8_t* activations, const int32_t* starts, I32x16 (&sums)[rows]) {
  for (int half = 0; half < 2; half++, weights += groupBytes / 2) {
    if constexpr (nibbles) {
      const __m256i low = _mm256_set1_epi8(15);
      __m256i pairs[rows];
      _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) pairs[row] = _mm256_setzero_si256();
      const auto add = [&](__m256i group, int number) {
        _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
          int32_t four;
          std::memcpy(&four, activations + 4 * (number * rows + row), 4);
          pairs[row] = _mm256_add_epi16(pairs[row], _mm256_maddubs_epi16(group, _mm256_set1_epi32(four)));
        }
      };
      _Pragma("GCC unroll 1") for (int number = 0; number < groups / 2; number++) {
        const __m256i both = loadHalfGroup(weights + number * groupBytes);
        add(_mm256_and_si256(both, low), number);
        add(_mm256_and_si256(_mm256_srli_epi16(both, 4), low), number + groups / 2);
      }
      _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++)
        sums[row].part[half] =
            _mm256_add_epi32(_mm256_set1_epi32(starts[row]), _mm256_madd_epi16(pairs[row], _mm256_set1_epi16(1)));
    } else {
      const __m256i ones = _mm256_set1_epi16(1);
      _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) sums[row].part[half] = _mm256_setzero_si256();
      _Pragma("GCC unroll 1") for (int number = 0; number < groups; number++) {
        const __m256i group = loadHalfGroup(weights + number * groupBytes), size = _mm256_abs_epi8(group);
        _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
          int32_t four;
          std::memcpy(&four, activations + 4 * (number * rows + row), 4);
          const __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(_mm256_set1_epi32(four), group));
          sums[row].part[half] = _mm256_add_epi32(sums[row].part[half], _mm256_madd_epi16(pairs, ones));
        }
      }
    }
  }
}

#elif defined(GLOSSA_LEVEL_NEON)

inline int8x16_t broadcastFour(const int8_t* from) {
  int32_t four;
  std::memcpy(&four, from, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

#if defined(__ARM_FEATURE_DOTPROD)

template <int rows, bool nibbles>
inline void sumBlock(const uint8_t* weights, const int8_t* activations, const int32_t* starts, I32x16 (&sums)[rows]) {
  _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) sums[row] = broadcastInt(starts[row]);
  const int8_t* from = reinterpret_cast<const int8_t*>(weights);
  for (int number = 0; number < (nibbles ? groups / 2 : groups); number++) {
    for (int part = 0; part < 4; part++) {
      const int8x16_t outputs = vld1q_s8(from + number * groupBytes + 16 * part);
      _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
        int32x4_t& sum = sums[row].part[part];
        const int8x16_t early = broadcastFour(activations + 4 * (number * rows + row));
        if constexpr (nibbles) {
          const int8x16_t late = broadcastFour(activations + 4 * ((number + groups / 2) * rows + row));
          const uint8x16_t both = vreinterpretq_u8_s8(outputs);
          sum = vdotq_s32(sum, vreinterpretq_s8_u8(vandq_u8(both, vdupq_n_u8(15))), early);
          sum = vdotq_s32(sum, vreinterpretq_s8_u8(vshrq_n_u8(both, 4)), late);
        } else {
          sum = vdotq_s32(sum, outputs, early);
        }
      }
    }
  }
}

#else

// Four outputs a part, two products of a pair of inputs to each int16 lane.
template <int rows, bool nibbles>
inline void sumBlock(const uint8_t* weights, const int8_t* activations, const int32_t* starts, I32x16 (&sums)[rows]) {
  for (int part = 0; part < 4; part++) {
    const int8_t* from = reinterpret_cast<const int8_t*>(weights) + 16 * part;
    int32x4_t lower[rows], upper[rows];
    _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) lower[row] = upper[row] = vdupq_n_s32(0);
    if constexpr (nibbles) {
      int16x8_t first[rows], second[rows];
      _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) first[row] = second[row] = vdupq_n_s16(0);
      for (int number = 0; number < groups / 2; number++) {
        const uint8x16_t both = vreinterpretq_u8_s8(vld1q_s8(from + number * groupBytes));
        const int8x16_t early = vreinterpretq_s8_u8(vandq_u8(both, vdupq_n_u8(15)));
        const int8x16_t late = vreinterpretq_s8_u8(vshrq_n_u8(both, 4));
        _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
          const int8x16_t four = broadcastFour(activations + 4 * (number * rows + row));
          const int8x16_t lateFour = broadcastFour(activations + 4 * ((number + groups / 2) * rows + row));
          first[row] = vmlal_s8(first[row], vget_low_s8(early), vget_low_s8(four));
          second[row] = vmlal_high_s8(second[row], early, four);
          first[row] = vmlal_s8(first[row], vget_low_s8(late), vget_low_s8(lateFour));
          second[row] = vmlal_high_s8(second[row], late, lateFour);
        }
      }
      _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
        lower[row] = vpaddlq_s16(first[row]);
        upper[row] = vpaddlq_s16(second[row]);
      }
    } else {
      // 2 · 128 · 127 is the most that two products can be, and an int16 holds it.
      for (int number = 0; number < groups; number += 2) {
        const int8x16_t one = vld1q_s8(from + number * groupBytes), two = vld1q_s8(from + (number + 1) * groupBytes);
        _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++) {
          const int8x16_t four = broadcastFour(activations + 4 * (number * rows + row));
          const int8x16_t nextFour = broadcastFour(activations + 4 * ((number + 1) * rows + row));
          const int16x8_t first = vmull_s8(vget_low_s8(one), vget_low_s8(four));
          const int16x8_t second = vmull_high_s8(one, four);
          lower[row] = vpadalq_s16(lower[row], vmlal_s8(first, vget_low_s8(two), vget_low_s8(nextFour)));
          upper[row] = vpadalq_s16(upper[row], vmlal_high_s8(second, two, nextFour));
        }
      }
    }
    _Pragma("GCC unroll 16") for (int row = 0; row < rows; row++)
      sums[row].part[part] = vaddq_s32(vdupq_n_s32(starts[row]), vpaddq_s32(lower[row], upper[row]));
  }
}

#endif

#else

template <int rows, bool nibbles>
inline void sumBlock(const uint8_t* weights, const int8_t* activations, const int32_t* starts, I32x16 (&sums)[rows]) {
  for (int row = 0; row < rows; row++) {
    for (int output = 0; output < panelColumns; output++) {
      int32_t sum = starts[row];
      for (int number = 0; number < groups; number++) {
        for (int i = 0; i < 4; i++) {
          const uint8_t byte = weights[(nibbles ? number % 4 : number) * groupBytes + 4 * output + i];
          const int weight = !nibbles ? static_cast<int8_t>(byte) : number < 4 ? byte & 15 : byte >> 4;
          sum += weight * activations[4 * (number * rows + row) + i];
        }
      }
      sums[row].part[output] = sum;
    }
  }
}

#endif

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
constexpr auto stripsOfBytes = stripTable<false>(std::make_integer_sequence<int, stripRows>{});
constexpr auto stripsOfNibbles = stripTable<true>(std::make_integer_sequence<int, stripRows>{});

// ---- sixteen rows by tiles

#if defined(GLOSSA_LEVEL_AMX)

constexpr int64_t tileRows = 16;
// Bytes of one row's share of a block: its activations and scale.
constexpr int64_t tileShareBytes = blockInputs + 4;

// The weights q of q4_0 blocks as bytes: nibbles hold q + 8.
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

// The sums of one block into a tile and on to memory. Neighbours use other tiles, so that none waits for another.
template <int slot> inline void sumTile(const uint8_t* weights, const uint8_t* activations, int32_t* sums) {
  tileLoad<slot % 2>(weights, groupBytes);
  tileLoad<2 + slot % 2>(activations, blockInputs);
  tileZero<4 + slot>();
  tileDotBytes<4 + slot, 2 + slot % 2, slot % 2, false>();
  tileStore<4 + slot>(sums, groupBytes);
}

// total[row] gains a block's sums, as floats times both scales.
inline void addTile(const int32_t* sums, const float* rowScales, const uint16_t* scales, F32x16 (&total)[tileRows]) {
  const F32x16 scale = loadFloat16(scales);
  _Pragma("GCC unroll 16") for (int row = 0; row < tileRows; row++)
    total[row] = fma(toFloat(loadInt(sums + row * panelColumns)), scale * broadcast(rowScales[row]), total[row]);
}

// Sums go through memory, where they must have arrived before they are read: a block's are read three blocks later. The
// totals stay in sixteen registers.
void multiplyTiles(const uint8_t* strip, const uint8_t* weights, const uint16_t* scales, int64_t blocks, int64_t rows,
                   float* out, int64_t stride, int columns) {
  constexpr int64_t step = tileRows * tileShareBytes, weightStep = groups * groupBytes;
  alignas(64) int32_t sums[4][tileRows * panelColumns];
  F32x16 total[tileRows];
  _Pragma("GCC unroll 16") for (int row = 0; row < tileRows; row++) total[row] = zero();
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
    const auto* rowScales = reinterpret_cast<const float*>(strip + block * step + tileRows * blockInputs);
    const F32x16 scale = loadFloat16(scales + block * panelColumns);
    const int32_t* from = sums[block % 4];
    _Pragma("GCC unroll 16") for (int row = 0; row < tileRows; row++)
      total[row] = fma(toFloat(loadInt(from + row * panelColumns)), scale * broadcast(rowScales[row]), total[row]);
  }
  _Pragma("GCC unroll 16") for (int row = 0; row < tileRows; row++)
    if (row < rows) store(out + row * stride, total[row], columns);
}

#endif

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

#if defined(GLOSSA_LEVEL_AMX)

// Rows that are not there are zero.
void quantizeTile(const float* x, int64_t stride, int64_t rows, int64_t blocks, uint8_t* to) {
  RoundedBlocks rounded;
  for (int64_t block = 0; block < blocks; block++, to += tileRows * tileShareBytes) {
    rounded.round(x + block * blockInputs, stride, rows);
    std::memcpy(to, rounded.values, sizeof(rounded.values));
    std::memcpy(to + sizeof(rounded.values), rounded.scales, sizeof(rounded.scales));
  }
}

#endif

}  // namespace

ActivationStrips::ActivationStrips(void* memory, int64_t rows, int64_t inputs, bool nibbles)
    : blocks_(inputs / blockInputs),
      nibbles_(nibbles),
      memory_(static_cast<uint8_t*>(memory)),
      rows_(rows),
      tiles_(false),
      rowBytes_(blocks_ * shareBytes),
      count_(ceilDivide(rows, stripRows)),
      shorter_(count_ == 0 ? 0 : rows / count_),
      longer_(count_ == 0 ? 0 : rows % count_) {
#if defined(GLOSSA_LEVEL_AMX)
  if (rows <= stripRows) return;
  tiles_ = true;
  rowBytes_ = blocks_ * tileShareBytes;
  count_ = ceilDivide(rows, tileRows);
  shorter_ = tileRows;
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
  if (tiles_) return multiplyTiles(stripData(strip), arranged, scales, blocks_, rowsOf(strip), out, stride, columns);
#endif
  const Strip run = (nibbles_ ? stripsOfNibbles : stripsOfBytes)[static_cast<size_t>(rowsOf(strip) - 1)];
  run(stripData(strip), arranged, scales, blocks_, out, stride, columns);
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
