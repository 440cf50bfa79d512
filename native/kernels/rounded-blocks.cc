// Rounding of rounded-blocks.h. With AVX-512 the largest numbers of sixteen blocks, and their sums, are found in one tree
// over sixteen vectors, and the divisions are two for all: a sixth of the time of block after block. Maxima and whole sums
// are the same in any order.
#include "rounded-blocks.h"

#include <limits>

namespace glossa {
namespace LEVEL_NAMESPACE {

// Below this a block counts as zero: its scale would not be a normal number.
constexpr float smallestBlock = 0x1p-119f;

#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)

namespace {

// Lane i of the answer joins all lanes of vector i. Each step joins two vectors' halves and halves the vectors.
template <class Join> inline __m512i joinLanes(__m512i (&v)[16], const Join& join) {
  _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++)  // [8 lanes of i | 8 of i + 8]
    v[i] = join(_mm512_shuffle_i32x4(v[i], v[i + 8], 0x44), _mm512_shuffle_i32x4(v[i], v[i + 8], 0xee));
  _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++)  // quarters of i, i + 8, i + 4, i + 12
    v[i] = join(_mm512_shuffle_i32x4(v[i], v[i + 4], 0x88), _mm512_shuffle_i32x4(v[i], v[i + 4], 0xdd));
  _Pragma("GCC unroll 2") for (int i = 0; i < 2; i++)  // in each quarter two lanes of i …, two of i + 2 …
    v[i] = join(_mm512_unpacklo_epi64(v[i], v[i + 2]), _mm512_unpackhi_epi64(v[i], v[i + 2]));
  const __m512 first = _mm512_castsi512_ps(v[0]), second = _mm512_castsi512_ps(v[1]);
  const __m512i joined = join(_mm512_castps_si512(_mm512_shuffle_ps(first, second, 0x88)),
                              _mm512_castps_si512(_mm512_shuffle_ps(first, second, 0xdd)));
  // Quarter q, lane j now belongs to vector {0, 8, 4, 12}[q] + {0, 2, 1, 3}[j].
  const __m512i order = _mm512_setr_epi32(0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15);
  return _mm512_permutexvar_epi32(order, joined);
}

}  // namespace

void RoundedBlocks::round(const float* x, int64_t stride, int64_t count) {
  const __m512i size = _mm512_set1_epi32(0x7fffffff);
  __m512i v[most];
  for (int64_t i = 0; i < most; i++) {
    v[i] = _mm512_setzero_si512();
    if (i >= count) continue;
    const float* from = x + i * stride;
    v[i] = _mm512_max_epi32(_mm512_and_si512(_mm512_loadu_si512(from), size),
                            _mm512_and_si512(_mm512_loadu_si512(from + vectorLanes), size));
  }
  // Sizes of floats are ordered as their bits are, an infinity and NaNs last.
  const __m512i bits = joinLanes(v, [](__m512i a, __m512i b) { return _mm512_max_epi32(a, b); });
  const __m512 largest = _mm512_castsi512_ps(bits);
  const __mmask16 strange = _mm512_cmpge_epi32_mask(bits, _mm512_set1_epi32(0x7f800000));
  const __mmask16 rounds = _mm512_cmp_ps_mask(largest, _mm512_set1_ps(smallestBlock), _CMP_GE_OQ) & ~strange;
  const __m512 most127 = _mm512_set1_ps(127.0f);
  const __m512 scale = _mm512_maskz_div_ps(rounds, largest, most127);
  _mm512_store_ps(scales, _mm512_mask_mov_ps(scale, strange, _mm512_set1_ps(std::numeric_limits<float>::quiet_NaN())));
  alignas(64) float factors[most];
  _mm512_store_ps(factors, _mm512_maskz_div_ps(rounds, most127, largest));
  for (int64_t i = 0; i < most; i++) {
    v[i] = _mm512_setzero_si512();
    if (i < count && (rounds >> i & 1) != 0) {
      const __m512 factor = _mm512_set1_ps(factors[i]);
      const __m512i first = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + i * stride), factor));
      const __m512i second = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + i * stride + vectorLanes), factor));
      _mm_store_si128(reinterpret_cast<__m128i*>(values[i]), _mm512_cvtepi32_epi8(first));
      _mm_store_si128(reinterpret_cast<__m128i*>(values[i] + vectorLanes), _mm512_cvtepi32_epi8(second));
      v[i] = _mm512_add_epi32(first, second);
    } else {
      std::memset(values[i], 0, blockInputs);
    }
  }
  _mm512_store_si512(sums, joinLanes(v, [](__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }));
}

#else

void RoundedBlocks::round(const float* x, int64_t stride, int64_t count) {
  std::memset(values, 0, sizeof(values));
  for (int64_t i = 0; i < most; i++, x += stride) {
    scales[i] = 0;
    sums[i] = 0;
    if (i >= count) continue;
    const F32x16 first = load(x), second = load(x + vectorLanes);
    const float largest = horizontalMaximum(maximum(absolute(first), absolute(second)));
    // Zero, unless a number is infinite or none.
    const float strange = horizontalSum((first - first) + (second - second));
    if (!(strange == 0.0f)) {
      scales[i] = std::numeric_limits<float>::quiet_NaN();
      continue;
    }
    if (!(largest >= smallestBlock)) continue;
    scales[i] = largest / 127.0f;
    const F32x16 factor = broadcast(127.0f / largest);
    // Numbers of this size have no fraction: adding rounds to nearest even.
    const F32x16 shift = broadcast(0x1.8p23f);
    const I32x16 base = asInt(shift);
    int32_t wide[2 * vectorLanes];
    storeInt(wide, asInt(first * factor + shift) - base);
    storeInt(wide + vectorLanes, asInt(second * factor + shift) - base);
    for (int64_t input = 0; input < blockInputs; input++) {
      values[i][input] = static_cast<int8_t>(wide[input]);
      sums[i] += wide[input];
    }
  }
}

#endif

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
