// Integer sums of quantized-block.h: a block of weights times the rows of a strip. How a level multiplies bytes:
//
//   AVX-512  vpdpbusd takes unsigned · signed bytes: an int8 weight is read as q + 128 (its highest bit turned), a nibble
//            as it is, and the sum starts from −128 · Σa or −8 · Σa.
//   AVX2     vpmaddubsw takes unsigned · signed bytes and adds pairs in int16: of an int8 weight its size, the sign going
//            to the activation, which fits (q + 128 would not); of nibbles eight pairs fit.
//   NEON     int8: int16 products of bytes, two added up; nibbles: eight. With the dot product extension: that.
//
// Level amx takes these for a few rows, and tiles (quantized-tiles.h) for many.
#pragma once

#include "block-panels.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

// Rows of a strip at most: as many as the registers hold sums for. What is added to a weight of int8 to make it unsigned.
#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)
constexpr int blockStripRows = 12;
constexpr int weightOffset = 128;
#elif defined(GLOSSA_LEVEL_AVX2)
constexpr int blockStripRows = 6;
constexpr int weightOffset = 0;
#else
constexpr int blockStripRows = 4;
constexpr int weightOffset = 0;
#endif
// The same for a nibble, which holds q + 8.
constexpr int nibbleOffset = 8;
// Groups of four inputs in a block.
constexpr int groups = 8;

// sums[row] = starts[row] + Σ weight · activation, for the sixteen outputs of a panel. Activations lie in groups, the
// rows' four inputs of the first one, then of the next.

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

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
