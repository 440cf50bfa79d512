// The avx512 and amx levels: a part is one register of 16 lanes (AVX-512 F, BW, DQ, VL, VNNI).
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace parts {

constexpr int lanes = 16;
using Float = __m512;
using Int = __m512i;
using Mask = __mmask16;

inline Float load(const float* from) { return _mm512_loadu_ps(from); }
inline void store(float* to, Float a) { _mm512_storeu_ps(to, a); }
inline Float broadcast(float a) { return _mm512_set1_ps(a); }
inline Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
inline Float subtract(Float a, Float b) { return _mm512_sub_ps(a, b); }
inline Float multiply(Float a, Float b) { return _mm512_mul_ps(a, b); }
inline Float divide(Float a, Float b) { return _mm512_div_ps(a, b); }
inline Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
inline Float minimum(Float a, Float b) { return _mm512_min_ps(a, b); }
inline Float maximum(Float a, Float b) { return _mm512_max_ps(a, b); }
inline Float squareRoot(Float a) { return _mm512_sqrt_ps(a); }
inline Mask less(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline Mask lessEqual(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
inline Mask equal(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }
inline Mask either(Mask a, Mask b) { return static_cast<Mask>(a | b); }
inline Mask opposite(Mask a) { return static_cast<Mask>(~a); }
inline Float select(Mask mask, Float a, Float b) { return _mm512_mask_blend_ps(mask, b, a); }

inline Int loadInt(const int32_t* from) { return _mm512_loadu_si512(from); }
inline void storeInt(int32_t* to, Int a) { _mm512_storeu_si512(to, a); }
inline Int broadcastInt(int32_t a) { return _mm512_set1_epi32(a); }
inline Int addInt(Int a, Int b) { return _mm512_add_epi32(a, b); }
inline Int subtractInt(Int a, Int b) { return _mm512_sub_epi32(a, b); }
inline Int andInt(Int a, Int b) { return _mm512_and_si512(a, b); }
inline Int orInt(Int a, Int b) { return _mm512_or_si512(a, b); }
inline Int xorInt(Int a, Int b) { return _mm512_xor_si512(a, b); }
template <int bits> inline Int shiftLeft(Int a) { return _mm512_slli_epi32(a, bits); }
template <int bits> inline Int shiftRight(Int a) { return _mm512_srli_epi32(a, bits); }
inline Mask equalInt(Int a, Int b) { return _mm512_cmpeq_epi32_mask(a, b); }
inline Float asFloat(Int a) { return _mm512_castsi512_ps(a); }
inline Int asInt(Float a) { return _mm512_castps_si512(a); }
inline Float toFloat(Int a) { return _mm512_cvtepi32_ps(a); }
inline Int truncate(Float a) { return _mm512_cvttps_epi32(a); }
inline Float lookUp(const float* table, Int index) { return _mm512_permutexvar_ps(index, load(table)); }
inline Float loadFloat16(const uint16_t* from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
inline Int loadHalfWords(const uint16_t* from) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
inline void storeHalfWords(uint16_t* to, Int a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(a));
}

// The tree of every level: lane i with lane i + 8, then + 4, + 2, + 1.
inline float sumOf(const Float* part) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(part[0]), _mm512_extractf32x8_ps(part[0], 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float maximumOf(const Float* part) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(part[0]), _mm512_extractf32x8_ps(part[0], 1));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace parts
}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
