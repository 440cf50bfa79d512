// F32x16: sixteen float lanes, the one vector type of every kernel. A level (scalar, avx2, avx512, avx512bf16, amx,
// neon) says only how a part of it is added, multiplied and so on; lanes, tails and reduction trees are fixed here, so
// that each operation gives the same bits on each level. `I32x16` and `Mask16` go with it. No operation fuses by itself:
// only fma().
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#if defined(GLOSSA_LEVEL_AMX)
#define LEVEL_NAMESPACE amx
#elif defined(GLOSSA_LEVEL_AVX512BF16)
#define LEVEL_NAMESPACE avx512bf16
#elif defined(GLOSSA_LEVEL_AVX512)
#define LEVEL_NAMESPACE avx512
#elif defined(GLOSSA_LEVEL_AVX2)
#define LEVEL_NAMESPACE avx2
#elif defined(GLOSSA_LEVEL_NEON)
#define LEVEL_NAMESPACE neon
#elif defined(GLOSSA_LEVEL_SCALAR)
#define LEVEL_NAMESPACE scalar
#else
#error "define one of GLOSSA_LEVEL_SCALAR, _AVX2, _AVX512, _AVX512BF16, _AMX, _NEON"
#endif

#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)
#include "parts-avx512.h"
#elif defined(GLOSSA_LEVEL_AVX2)
#include "parts-avx2.h"
#elif defined(GLOSSA_LEVEL_NEON)
#include "parts-neon.h"
#else
#include "parts-scalar.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {

constexpr int vectorLanes = 16;
constexpr int partCount = vectorLanes / parts::lanes;

struct F32x16 {
  parts::Float part[partCount];
};
struct I32x16 {
  parts::Int part[partCount];
};
struct Mask16 {
  parts::Mask part[partCount];
};

// One operation on every part, written out and not as a loop: GCC keeps what a loop goes over in memory, which made exp
// on avx2 four times slower.
template <int... index, class Each>
[[gnu::always_inline]] inline void eachPart(std::integer_sequence<int, index...>, const Each& each) {
  (each(std::integral_constant<int, index>{}), ...);
}
#define GLOSSA_FOR_PARTS(statement)                             \
  eachPart(std::make_integer_sequence<int, partCount>{},        \
           [&](auto i) __attribute__((always_inline)) { statement; })
#define GLOSSA_EACH_PART(Result, expression)         \
  Result result;                                     \
  GLOSSA_FOR_PARTS(result.part[i] = (expression));   \
  return result

// ---- float lanes

inline F32x16 load(const float* from) { GLOSSA_EACH_PART(F32x16, parts::load(from + i * parts::lanes)); }
inline void store(float* to, F32x16 a) {
  GLOSSA_FOR_PARTS(parts::store(to + i * parts::lanes, a.part[i]));
}
inline F32x16 broadcast(float a) { GLOSSA_EACH_PART(F32x16, parts::broadcast(a)); }
inline F32x16 zero() { return broadcast(0.0f); }

inline F32x16 operator+(F32x16 a, F32x16 b) { GLOSSA_EACH_PART(F32x16, parts::add(a.part[i], b.part[i])); }
inline F32x16 operator-(F32x16 a, F32x16 b) { GLOSSA_EACH_PART(F32x16, parts::subtract(a.part[i], b.part[i])); }
inline F32x16 operator*(F32x16 a, F32x16 b) { GLOSSA_EACH_PART(F32x16, parts::multiply(a.part[i], b.part[i])); }
inline F32x16 operator/(F32x16 a, F32x16 b) { GLOSSA_EACH_PART(F32x16, parts::divide(a.part[i], b.part[i])); }
// a · b + c, rounded once.
inline F32x16 fma(F32x16 a, F32x16 b, F32x16 c) {
  GLOSSA_EACH_PART(F32x16, parts::fma(a.part[i], b.part[i], c.part[i]));
}
// a < b ? a : b, so b where either is NaN.
inline F32x16 minimum(F32x16 a, F32x16 b) { GLOSSA_EACH_PART(F32x16, parts::minimum(a.part[i], b.part[i])); }
// a > b ? a : b, so b where either is NaN.
inline F32x16 maximum(F32x16 a, F32x16 b) { GLOSSA_EACH_PART(F32x16, parts::maximum(a.part[i], b.part[i])); }
inline F32x16 squareRoot(F32x16 a) { GLOSSA_EACH_PART(F32x16, parts::squareRoot(a.part[i])); }

// ---- comparisons (false where either is NaN) and choice

inline Mask16 operator<(F32x16 a, F32x16 b) { GLOSSA_EACH_PART(Mask16, parts::less(a.part[i], b.part[i])); }
inline Mask16 operator<=(F32x16 a, F32x16 b) { GLOSSA_EACH_PART(Mask16, parts::lessEqual(a.part[i], b.part[i])); }
inline Mask16 operator>(F32x16 a, F32x16 b) { return b < a; }
inline Mask16 operator>=(F32x16 a, F32x16 b) { return b <= a; }
inline Mask16 operator==(F32x16 a, F32x16 b) { GLOSSA_EACH_PART(Mask16, parts::equal(a.part[i], b.part[i])); }
inline Mask16 operator&(Mask16 a, Mask16 b) { GLOSSA_EACH_PART(Mask16, parts::both(a.part[i], b.part[i])); }
inline Mask16 operator|(Mask16 a, Mask16 b) { GLOSSA_EACH_PART(Mask16, parts::either(a.part[i], b.part[i])); }
inline Mask16 operator!(Mask16 a) { GLOSSA_EACH_PART(Mask16, parts::opposite(a.part[i])); }
// mask ? a : b
inline F32x16 select(Mask16 mask, F32x16 a, F32x16 b) {
  GLOSSA_EACH_PART(F32x16, parts::select(mask.part[i], a.part[i], b.part[i]));
}
inline Mask16 isNaN(F32x16 a) { return !(a == a); }

// ---- integer lanes (wrap around)

inline I32x16 loadInt(const int32_t* from) { GLOSSA_EACH_PART(I32x16, parts::loadInt(from + i * parts::lanes)); }
inline void storeInt(int32_t* to, I32x16 a) {
  GLOSSA_FOR_PARTS(parts::storeInt(to + i * parts::lanes, a.part[i]));
}
inline I32x16 broadcastInt(int32_t a) { GLOSSA_EACH_PART(I32x16, parts::broadcastInt(a)); }
inline I32x16 operator+(I32x16 a, I32x16 b) { GLOSSA_EACH_PART(I32x16, parts::addInt(a.part[i], b.part[i])); }
inline I32x16 operator-(I32x16 a, I32x16 b) { GLOSSA_EACH_PART(I32x16, parts::subtractInt(a.part[i], b.part[i])); }
inline I32x16 operator&(I32x16 a, I32x16 b) { GLOSSA_EACH_PART(I32x16, parts::andInt(a.part[i], b.part[i])); }
inline I32x16 operator|(I32x16 a, I32x16 b) { GLOSSA_EACH_PART(I32x16, parts::orInt(a.part[i], b.part[i])); }
inline I32x16 operator^(I32x16 a, I32x16 b) { GLOSSA_EACH_PART(I32x16, parts::xorInt(a.part[i], b.part[i])); }
template <int bits> inline I32x16 shiftLeft(I32x16 a) {
  GLOSSA_EACH_PART(I32x16, parts::shiftLeft<bits>(a.part[i]));
}
// Zeros come in from the left.
template <int bits> inline I32x16 shiftRight(I32x16 a) {
  GLOSSA_EACH_PART(I32x16, parts::shiftRight<bits>(a.part[i]));
}
inline Mask16 operator==(I32x16 a, I32x16 b) { GLOSSA_EACH_PART(Mask16, parts::equalInt(a.part[i], b.part[i])); }
inline F32x16 asFloat(I32x16 a) { GLOSSA_EACH_PART(F32x16, parts::asFloat(a.part[i])); }
inline I32x16 asInt(F32x16 a) { GLOSSA_EACH_PART(I32x16, parts::asInt(a.part[i])); }
inline F32x16 toFloat(I32x16 a) { GLOSSA_EACH_PART(F32x16, parts::toFloat(a.part[i])); }
// Toward zero; the value must fit.
inline I32x16 truncate(F32x16 a) { GLOSSA_EACH_PART(I32x16, parts::truncate(a.part[i])); }

// The entries of a table of sixteen; of an index the lowest four bits count.
inline F32x16 lookUp(const float* table, I32x16 index) {
  GLOSSA_EACH_PART(F32x16, parts::lookUp(table, index.part[i]));
}

inline F32x16 absolute(F32x16 a) { return asFloat(asInt(a) & broadcastInt(0x7fffffff)); }
inline F32x16 negate(F32x16 a) { return asFloat(asInt(a) ^ broadcastInt(INT32_MIN)); }
// The magnitude of a (not negative) with the sign of b.
inline F32x16 withSign(F32x16 a, F32x16 b) { return asFloat(asInt(a) | (asInt(b) & broadcastInt(INT32_MIN))); }

// ---- tails: the first `count` lanes; on loading the others are zero, on storing they stay as they were

#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)
#define GLOSSA_HAS_MASKS 1
// A bit for each of the first `count` < 16 lanes.
inline __mmask16 firstBits(int count) { return static_cast<__mmask16>((1u << (count > 0 ? count : 0)) - 1); }
#endif

inline F32x16 load(const float* from, int count) {
  if (count >= vectorLanes) return load(from);
#if defined(GLOSSA_HAS_MASKS)
  return {{_mm512_maskz_loadu_ps(firstBits(count), from)}};
#else
  float lanes[vectorLanes] = {};
  if (count > 0) std::memcpy(lanes, from, static_cast<size_t>(count) * sizeof(float));
  return load(lanes);
#endif
}
inline void store(float* to, F32x16 a, int count) {
  if (count >= vectorLanes) return store(to, a);
#if defined(GLOSSA_HAS_MASKS)
  _mm512_mask_storeu_ps(to, firstBits(count), a.part[0]);
#else
  float lanes[vectorLanes];
  store(lanes, a);
  if (count > 0) std::memcpy(to, lanes, static_cast<size_t>(count) * sizeof(float));
#endif
}
inline I32x16 loadInt(const int32_t* from, int count) {
  if (count >= vectorLanes) return loadInt(from);
#if defined(GLOSSA_HAS_MASKS)
  return {{_mm512_maskz_loadu_epi32(firstBits(count), from)}};
#else
  int32_t lanes[vectorLanes] = {};
  if (count > 0) std::memcpy(lanes, from, static_cast<size_t>(count) * sizeof(int32_t));
  return loadInt(lanes);
#endif
}
inline void storeInt(int32_t* to, I32x16 a, int count) {
  if (count >= vectorLanes) return storeInt(to, a);
#if defined(GLOSSA_HAS_MASKS)
  _mm512_mask_storeu_epi32(to, firstBits(count), a.part[0]);
#else
  int32_t lanes[vectorLanes];
  storeInt(lanes, a);
  if (count > 0) std::memcpy(to, lanes, static_cast<size_t>(count) * sizeof(int32_t));
#endif
}
// Lanes 0 … count − 1 are true.
inline Mask16 firstLanes(int count) {
#if defined(GLOSSA_HAS_MASKS)
  return {{count >= vectorLanes ? static_cast<__mmask16>(0xffff) : firstBits(count)}};
#else
  static const float numbers[vectorLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load(numbers) < broadcast(static_cast<float>(count));
#endif
}

// ---- bf16: the upper half of a float; rounding is to nearest, ties to even; a NaN becomes quiet and stays one; a
// denormal becomes zero, as engine threads take it and as the instruction for this does, where there is one

// The bits of each lane's bf16, in the low half of the lane.
inline I32x16 bf16Bits(F32x16 a) {
#if defined(__AVX512BF16__)
  return {{_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(a.part[0]))}};
#else
  const I32x16 bits = asInt(a), upper = shiftRight<16>(bits);
  const I32x16 rounded = shiftRight<16>(bits + (upper & broadcastInt(1)) + broadcastInt(0x7fff));
  const I32x16 quiet = upper | broadcastInt(0x40), sign = upper & broadcastInt(0x8000);
  const F32x16 number = select(isNaN(a), asFloat(quiet), asFloat(rounded));
  return asInt(select((bits & broadcastInt(0x7f800000)) == broadcastInt(0), asFloat(sign), number));
#endif
}
inline F32x16 loadBf16(const uint16_t* from) {
  I32x16 bits;
  GLOSSA_FOR_PARTS(bits.part[i] = parts::loadHalfWords(from + i * parts::lanes));
  return asFloat(shiftLeft<16>(bits));
}
inline F32x16 loadBf16(const uint16_t* from, int count) {
  if (count >= vectorLanes) return loadBf16(from);
#if defined(GLOSSA_HAS_MASKS)
  const __m512i bits = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(firstBits(count), from));
  return {{_mm512_castsi512_ps(_mm512_slli_epi32(bits, 16))}};
#else
  uint16_t lanes[vectorLanes] = {};
  if (count > 0) std::memcpy(lanes, from, static_cast<size_t>(count) * sizeof(uint16_t));
  return loadBf16(lanes);
#endif
}
inline void storeBf16(uint16_t* to, F32x16 a) {
#if defined(__AVX512BF16__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), (__m256i)_mm512_cvtneps_pbh(a.part[0]));
#else
  const I32x16 bits = bf16Bits(a);
  GLOSSA_FOR_PARTS(parts::storeHalfWords(to + i * parts::lanes, bits.part[i]));
#endif
}
inline void storeBf16(uint16_t* to, F32x16 a, int count) {
  if (count >= vectorLanes) return storeBf16(to, a);
#if defined(__AVX512BF16__)
  _mm256_mask_storeu_epi16(to, firstBits(count), (__m256i)_mm512_cvtneps_pbh(a.part[0]));
#elif defined(GLOSSA_HAS_MASKS)
  _mm256_mask_storeu_epi16(to, firstBits(count), _mm512_cvtepi32_epi16(bf16Bits(a).part[0]));
#else
  uint16_t lanes[vectorLanes];
  storeBf16(lanes, a);
  if (count > 0) std::memcpy(to, lanes, static_cast<size_t>(count) * sizeof(uint16_t));
#endif
}
// Thirty-two bf16 in order, two to a lane: those of `first`, then those of `second`.
inline I32x16 bf16Row(F32x16 first, F32x16 second) {
#if defined(__AVX512BF16__)
  return {{(__m512i)_mm512_cvtne2ps_pbh(second.part[0], first.part[0])}};
#else
  alignas(64) uint16_t halves[2 * vectorLanes];
  storeBf16(halves, first);
  storeBf16(halves + vectorLanes, second);
  return loadInt(reinterpret_cast<const int32_t*>(halves));
#endif
}
// Pairs of bf16, one to a lane: that of `even` in the low half, that of `odd` in the high half.
inline I32x16 bf16Pairs(F32x16 even, F32x16 odd) {
#if defined(__AVX512BF16__)
  alignas(64) static constexpr uint16_t inTurn[2 * vectorLanes] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                                   8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return {{_mm512_permutexvar_epi16(_mm512_load_si512(inTurn), bf16Row(even, odd).part[0])}};
#else
  return bf16Bits(even) | shiftLeft<16>(bf16Bits(odd));
#endif
}
// The value rounded to bf16, kept as float.
inline F32x16 roundBf16(F32x16 a) { return asFloat(shiftLeft<16>(bf16Bits(a))); }

inline float bf16ToFloat(uint16_t a) {
  const uint32_t bits = static_cast<uint32_t>(a) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline uint16_t floatToBf16(float a) {
  uint32_t bits;
  std::memcpy(&bits, &a, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40);
  if ((bits & 0x7f800000u) == 0) return static_cast<uint16_t>((bits >> 16) & 0x8000);
  return static_cast<uint16_t>((bits + ((bits >> 16) & 1) + 0x7fff) >> 16);
}

// ---- float16: every one is a float

inline F32x16 loadFloat16(const uint16_t* from) { GLOSSA_EACH_PART(F32x16, parts::loadFloat16(from + i * parts::lanes)); }

// ---- across lanes, in one tree: lane i with lane i + 8, then + 4, + 2, + 1

inline float horizontalSum(F32x16 a) { return parts::sumOf(a.part); }
inline float horizontalMaximum(F32x16 a) { return parts::maximumOf(a.part); }

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
