// The scalar level: a part is one lane. It is the referee of the others: plain C++ with std::fma, no intrinsics.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace parts {

constexpr int lanes = 1;
using Float = float;
using Int = int32_t;
using Mask = bool;

// Through memcpy, so that here too, as with intrinsics, memory may have been written as another type.
inline Float load(const float* from) { Float a; std::memcpy(&a, from, 4); return a; }
inline void store(float* to, Float a) { std::memcpy(to, &a, 4); }
inline Float broadcast(float a) { return a; }
inline Float add(Float a, Float b) { return a + b; }
inline Float subtract(Float a, Float b) { return a - b; }
inline Float multiply(Float a, Float b) { return a * b; }
inline Float divide(Float a, Float b) { return a / b; }
inline Float fma(Float a, Float b, Float c) { return std::fma(a, b, c); }
inline Float minimum(Float a, Float b) { return a < b ? a : b; }
inline Float maximum(Float a, Float b) { return a > b ? a : b; }
inline Float squareRoot(Float a) { return std::sqrt(a); }
inline Mask less(Float a, Float b) { return a < b; }
inline Mask lessEqual(Float a, Float b) { return a <= b; }
inline Mask equal(Float a, Float b) { return a == b; }
inline Mask both(Mask a, Mask b) { return a && b; }
inline Mask either(Mask a, Mask b) { return a || b; }
inline Mask opposite(Mask a) { return !a; }
inline Float select(Mask mask, Float a, Float b) { return mask ? a : b; }

inline Int loadInt(const int32_t* from) { Int a; std::memcpy(&a, from, 4); return a; }
inline void storeInt(int32_t* to, Int a) { std::memcpy(to, &a, 4); }
inline Int broadcastInt(int32_t a) { return a; }
inline Int addInt(Int a, Int b) { return static_cast<Int>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
inline Int subtractInt(Int a, Int b) { return static_cast<Int>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b)); }
inline Int andInt(Int a, Int b) { return a & b; }
inline Int orInt(Int a, Int b) { return a | b; }
inline Int xorInt(Int a, Int b) { return a ^ b; }
template <int bits> inline Int shiftLeft(Int a) { return static_cast<Int>(static_cast<uint32_t>(a) << bits); }
template <int bits> inline Int shiftRight(Int a) { return static_cast<Int>(static_cast<uint32_t>(a) >> bits); }
inline Mask equalInt(Int a, Int b) { return a == b; }
inline Float asFloat(Int a) { Float b; std::memcpy(&b, &a, 4); return b; }
inline Int asInt(Float a) { Int b; std::memcpy(&b, &a, 4); return b; }
inline Float toFloat(Int a) { return static_cast<float>(a); }
inline Int truncate(Float a) { return static_cast<Int>(a); }
inline Float lookUp(const float* table, Int index) { return table[index & 15]; }
inline Float loadFloat16(const uint16_t* from) {
  const uint32_t sign = (*from & 0x8000u) << 16, magnitude = *from & 0x7fffu;
  // Subnormal numbers are multiples of 2⁻²⁴.
  if (magnitude < 0x400) return (sign != 0 ? -0x1p-24f : 0x1p-24f) * static_cast<float>(magnitude);
  uint32_t bits = (magnitude << 13) + 0x38000000u;
  if (magnitude >= 0x7c00) bits = 0x7f800000u | (magnitude & 0x3ff) << 13 | (magnitude > 0x7c00 ? 0x400000u : 0);
  bits |= sign;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline Int loadHalfWords(const uint16_t* from) { return *from; }
inline void storeHalfWords(uint16_t* to, Int a) { *to = static_cast<uint16_t>(a); }

// The tree of every level: lane i with lane i + 8, then + 4, + 2, + 1.
inline float sumOf(const Float* part) {
  float a[8];
  for (int lane = 0; lane < 8; lane++) a[lane] = part[lane] + part[lane + 8];
  for (int lane = 0; lane < 4; lane++) a[lane] += a[lane + 4];
  return (a[0] + a[2]) + (a[1] + a[3]);
}
inline float maximumOf(const Float* part) {
  float a[8];
  for (int lane = 0; lane < 8; lane++) a[lane] = maximum(part[lane], part[lane + 8]);
  for (int lane = 0; lane < 4; lane++) a[lane] = maximum(a[lane], a[lane + 4]);
  return maximum(maximum(a[0], a[2]), maximum(a[1], a[3]));
}

}  // namespace parts
}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
