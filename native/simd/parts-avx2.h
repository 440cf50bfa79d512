// The avx2 level: a part is one register of 8 lanes (AVX2 + FMA).
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace parts {

constexpr int lanes = 8;
using Float = __m256;
using Int = __m256i;
using Mask = __m256;

inline Float load(const float* from) { return _mm256_loadu_ps(from); }
inline void store(float* to, Float a) { _mm256_storeu_ps(to, a); }
inline Float broadcast(float a) { return _mm256_set1_ps(a); }
inline Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
inline Float subtract(Float a, Float b) { return _mm256_sub_ps(a, b); }
inline Float multiply(Float a, Float b) { return _mm256_mul_ps(a, b); }
inline Float divide(Float a, Float b) { return _mm256_div_ps(a, b); }
inline Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
inline Float minimum(Float a, Float b) { return _mm256_min_ps(a, b); }
inline Float maximum(Float a, Float b) { return _mm256_max_ps(a, b); }
inline Float squareRoot(Float a) { return _mm256_sqrt_ps(a); }
inline Mask less(Float a, Float b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
inline Mask lessEqual(Float a, Float b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
inline Mask equal(Float a, Float b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
inline Mask both(Mask a, Mask b) { return _mm256_and_ps(a, b); }
inline Mask either(Mask a, Mask b) { return _mm256_or_ps(a, b); }
inline Mask opposite(Mask a) { return _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))); }
inline Float select(Mask mask, Float a, Float b) { return _mm256_blendv_ps(b, a, mask); }

inline Int loadInt(const int32_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
inline void storeInt(int32_t* to, Int a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a); }
inline Int broadcastInt(int32_t a) { return _mm256_set1_epi32(a); }
inline Int addInt(Int a, Int b) { return _mm256_add_epi32(a, b); }
inline Int subtractInt(Int a, Int b) { return _mm256_sub_epi32(a, b); }
inline Int andInt(Int a, Int b) { return _mm256_and_si256(a, b); }
inline Int orInt(Int a, Int b) { return _mm256_or_si256(a, b); }
inline Int xorInt(Int a, Int b) { return _mm256_xor_si256(a, b); }
template <int bits> inline Int shiftLeft(Int a) { return _mm256_slli_epi32(a, bits); }
template <int bits> inline Int shiftRight(Int a) { return _mm256_srli_epi32(a, bits); }
inline Mask equalInt(Int a, Int b) { return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)); }
inline Float asFloat(Int a) { return _mm256_castsi256_ps(a); }
inline Int asInt(Float a) { return _mm256_castps_si256(a); }
inline Float toFloat(Int a) { return _mm256_cvtepi32_ps(a); }
inline Int truncate(Float a) { return _mm256_cvttps_epi32(a); }
inline Float lookUp(const float* table, Int index) {
  // The fourth bit, moved to the sign, chooses between the halves of the table.
  const Float lower = _mm256_permutevar8x32_ps(load(table), index), upper = _mm256_permutevar8x32_ps(load(table + 8), index);
  return _mm256_blendv_ps(lower, upper, asFloat(shiftLeft<28>(index)));
}
inline Float loadFloat16(const uint16_t* from) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
inline Int loadHalfWords(const uint16_t* from) {
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
inline void storeHalfWords(uint16_t* to, Int a) {
  const __m256i low = _mm256_and_si256(a, _mm256_set1_epi32(0xffff));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                   _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1)));
}

// The tree of every level: lane i with lane i + 8, then + 4, + 2, + 1.
inline float sumOf(const Float* part) {
  const __m256 eight = _mm256_add_ps(part[0], part[1]);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float maximumOf(const Float* part) {
  const __m256 eight = _mm256_max_ps(part[0], part[1]);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace parts
}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
