// The neon level: a part is one register of 4 lanes (AArch64 Advanced SIMD).
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace parts {

constexpr int lanes = 4;
using Float = float32x4_t;
using Int = int32x4_t;
using Mask = uint32x4_t;

inline Float load(const float* from) { return vld1q_f32(from); }
inline void store(float* to, Float a) { vst1q_f32(to, a); }
inline Float broadcast(float a) { return vdupq_n_f32(a); }
inline Float add(Float a, Float b) { return vaddq_f32(a, b); }
inline Float subtract(Float a, Float b) { return vsubq_f32(a, b); }
inline Float multiply(Float a, Float b) { return vmulq_f32(a, b); }
inline Float divide(Float a, Float b) { return vdivq_f32(a, b); }
inline Float fma(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
// By comparison and not by vminq / vmaxq: those differ from x86 where an operand is NaN.
inline Float minimum(Float a, Float b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
inline Float maximum(Float a, Float b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
inline Float squareRoot(Float a) { return vsqrtq_f32(a); }
inline Mask less(Float a, Float b) { return vcltq_f32(a, b); }
inline Mask lessEqual(Float a, Float b) { return vcleq_f32(a, b); }
inline Mask equal(Float a, Float b) { return vceqq_f32(a, b); }
inline Mask both(Mask a, Mask b) { return vandq_u32(a, b); }
inline Mask either(Mask a, Mask b) { return vorrq_u32(a, b); }
inline Mask opposite(Mask a) { return vmvnq_u32(a); }
inline Float select(Mask mask, Float a, Float b) { return vbslq_f32(mask, a, b); }

inline Int loadInt(const int32_t* from) { return vld1q_s32(from); }
inline void storeInt(int32_t* to, Int a) { vst1q_s32(to, a); }
inline Int broadcastInt(int32_t a) { return vdupq_n_s32(a); }
inline Int addInt(Int a, Int b) { return vaddq_s32(a, b); }
inline Int subtractInt(Int a, Int b) { return vsubq_s32(a, b); }
inline Int andInt(Int a, Int b) { return vandq_s32(a, b); }
inline Int orInt(Int a, Int b) { return vorrq_s32(a, b); }
inline Int xorInt(Int a, Int b) { return veorq_s32(a, b); }
template <int bits> inline Int shiftLeft(Int a) { return vshlq_n_s32(a, bits); }
template <int bits> inline Int shiftRight(Int a) {
  return vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a), bits));
}
inline Mask equalInt(Int a, Int b) { return vceqq_s32(a, b); }
inline Float asFloat(Int a) { return vreinterpretq_f32_s32(a); }
inline Int asInt(Float a) { return vreinterpretq_s32_f32(a); }
inline Float toFloat(Int a) { return vcvtq_f32_s32(a); }
inline Int truncate(Float a) { return vcvtq_s32_f32(a); }
inline Float lookUp(const float* table, Int index) {
  // The table is 64 bytes, which one instruction looks up byte by byte: those of entry i are 4 i … 4 i + 3.
  const uint8_t* const from = reinterpret_cast<const uint8_t*>(table);
  const uint8x16x4_t bytes{{vld1q_u8(from), vld1q_u8(from + 16), vld1q_u8(from + 32), vld1q_u8(from + 48)}};
  const Int first = andInt(index, broadcastInt(15));
  const Int places = vaddq_s32(vmulq_n_s32(first, 0x04040404), broadcastInt(0x03020100));
  return vreinterpretq_f32_u8(vqtbl4q_u8(bytes, vreinterpretq_u8_s32(places)));
}
inline Float loadFloat16(const uint16_t* from) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))); }
inline Int loadHalfWords(const uint16_t* from) { return vreinterpretq_s32_u32(vmovl_u16(vld1_u16(from))); }
inline void storeHalfWords(uint16_t* to, Int a) { vst1_u16(to, vmovn_u32(vreinterpretq_u32_s32(a))); }

// The tree of every level: lane i with lane i + 8, then + 4, + 2, + 1.
inline float sumOf(const Float* part) {
  const float32x4_t four = vaddq_f32(vaddq_f32(part[0], part[2]), vaddq_f32(part[1], part[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
inline float maximumOf(const Float* part) {
  const float32x4_t four = maximum(maximum(part[0], part[2]), maximum(part[1], part[3]));
  const float low = vgetq_lane_f32(four, 0), high = vgetq_lane_f32(four, 2);
  const float first = low > high ? low : high;
  const float low1 = vgetq_lane_f32(four, 1), high1 = vgetq_lane_f32(four, 3);
  const float second = low1 > high1 ? low1 : high1;
  return first > second ? first : second;
}

}  // namespace parts
}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
