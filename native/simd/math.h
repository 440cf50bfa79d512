// Functions on F32x16, ours so that each level gives the same bits: only add, multiply, divide, fma and integer
// operations, in one order. Polynomials are minimax fits made for these ranges. Errors are below 1 ulp for exp and log,
// about 2 ulp for the others (native/tests/math.cc measures them against double). Denormal results are zero, denormal
// arguments of log count as zero: what engine threads do in any case.
#pragma once

#include <cmath>
#include <limits>

#include "vector.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

// Rounds |a| < 2²² to the nearest integer (ties to even): adding 1.5 · 2²³ leaves no bits for a fraction.
inline F32x16 roundToInteger(F32x16 a) {
  const F32x16 magic = broadcast(12582912.0f);
  return (a + magic) - magic;
}

// p · 2ⁿ, which must be a normal number; n is a whole number, or NaN as p is.
inline F32x16 timesPowerOfTwo(F32x16 p, F32x16 n) {
#if defined(GLOSSA_LEVEL_AMX) || defined(GLOSSA_LEVEL_AVX512BF16) || defined(GLOSSA_LEVEL_AVX512)
  return {{_mm512_scalef_ps(p.part[0], n.part[0])}};
#else
  // Where n is NaN its number is 0 or −2³¹, of which the shift leaves 0.
  return asFloat(asInt(p) + shiftLeft<23>(truncate(n)));
#endif
}

// eˣ for x below 88, any NaN included: exp without what larger arguments need. x = n ln 2 + r with |r| ≤ ln 2 / 2;
// eʳ = 1 + r + r² q(r); 2ⁿ is added to the exponent.
inline F32x16 expBelow88(F32x16 x) {
  const F32x16 lowest = broadcast(-87.33654f);
  const F32x16 inside = maximum(lowest, x);
  const F32x16 n = roundToInteger(inside * broadcast(1.44269502f));
  F32x16 r = fma(n, broadcast(-0.693147182f), inside);
  r = fma(n, broadcast(1.90465421e-09f), r);
  F32x16 q = broadcast(0.00138131448f);
  q = fma(q, r, broadcast(0.00836941879f));
  q = fma(q, r, broadcast(0.041668456f));
  q = fma(q, r, broadcast(0.166665152f));
  q = fma(q, r, broadcast(0.49999994f));
  const F32x16 p = fma(q, r * r, r) + broadcast(1.0f);
  return select(x < lowest, zero(), timesPowerOfTwo(p, n));
}

// eˣ
inline F32x16 exp(F32x16 x) {
  const F32x16 highest = broadcast(88.722831f);
  const F32x16 result = expBelow88(select(x > highest, highest, x));
  return select(x > highest, broadcast(std::numeric_limits<float>::infinity()), result);
}

// Natural logarithm. x = 2ⁿ (1 + f) with 1 + f in [√½, √2); s = f / (2 + f);
// log(1 + f) = f − f²/2 + s (f²/2 + s² l(s²)).
inline F32x16 log(F32x16 x) {
  // Subtracting the bits of √½ makes the exponent count from there.
  const I32x16 offset = broadcastInt(0x3f3504f3);
  const I32x16 shifted = asInt(x) - offset;
  // An arithmetic shift by 23, made of a logical one: the biased sum is never negative for positive x.
  const F32x16 n = toFloat(shiftRight<23>(shifted + broadcastInt(0x40000000)) - broadcastInt(0x80));
  const F32x16 mantissa = asFloat((shifted & broadcastInt(0x007fffff)) + offset);
  const F32x16 f = mantissa - broadcast(1.0f);
  const F32x16 s = f / (mantissa + broadcast(1.0f));
  const F32x16 z = s * s;
  F32x16 l = broadcast(0.235963315f);
  l = fma(l, z, broadcast(0.285366029f));
  l = fma(l, z, broadcast(0.400003463f));
  l = fma(l, z, broadcast(0.666666627f));
  const F32x16 half = broadcast(0.5f) * (f * f);
  // n ln 2 in two pieces; the first has so few bits that n times it is exact.
  const F32x16 rest = fma(s, fma(z, l, half), n * broadcast(1.42860677e-06f));
  F32x16 result = fma(n, broadcast(0.693145752f), f - (half - rest));
  const F32x16 infinity = broadcast(std::numeric_limits<float>::infinity());
  result = select(x < broadcast(std::numeric_limits<float>::min()), negate(infinity), result);
  result = select(x <= broadcast(-std::numeric_limits<float>::min()),
                  broadcast(std::numeric_limits<float>::quiet_NaN()), result);
  result = select(x == infinity, infinity, result);
  return select(isNaN(x), x, result);
}

// tanh. Near zero x + x³ t(x²); elsewhere 1 − 2 / (e²ˣ + 1) with the sign put back.
inline F32x16 tanh(F32x16 x) {
  const F32x16 magnitude = absolute(x);
  const F32x16 z = x * x;
  F32x16 t = broadcast(0.00214753975f);
  t = fma(t, z, broadcast(-0.00818267744f));
  t = fma(t, z, broadcast(0.0217029694f));
  t = fma(t, z, broadcast(-0.0539472029f));
  t = fma(t, z, broadcast(0.133332103f));
  t = fma(t, z, broadcast(-0.333333313f));
  const F32x16 small = fma(t * z, x, x);
  const F32x16 one = broadcast(1.0f), two = broadcast(2.0f);
  const F32x16 large = one - two / (exp(magnitude + magnitude) + one);
  return select(magnitude < broadcast(0.625f), small, withSign(large, x));
}

// 1 / (1 + e⁻ˣ)
inline F32x16 sigmoid(F32x16 x) {
  const F32x16 one = broadcast(1.0f);
  return one / (one + exp(negate(x)));
}

// The error function. Near zero x + x t(x²); elsewhere 1 − e^(−p(|x|)), p fitted to −log erfc.
inline F32x16 erf(F32x16 x) {
  const F32x16 z = x * x;
  F32x16 t = broadcast(8.21542635e-05f);
  t = fma(t, z, broadcast(-0.000810596568f));
  t = fma(t, z, broadcast(0.00519779744f));
  t = fma(t, z, broadcast(-0.0268581044f));
  t = fma(t, z, broadcast(0.112836726f));
  t = fma(t, z, broadcast(-0.376126319f));
  t = fma(t, z, broadcast(0.128379166f));
  const F32x16 small = fma(t, x, x);
  const F32x16 magnitude = minimum(absolute(x), broadcast(4.0f));
  F32x16 p = broadcast(2.10949565e-05f);
  p = fma(p, magnitude, broadcast(-0.000434461574f));
  p = fma(p, magnitude, broadcast(0.00417105854f));
  p = fma(p, magnitude, broadcast(-0.0251194164f));
  p = fma(p, magnitude, broadcast(0.10828007f));
  p = fma(p, magnitude, broadcast(0.633346915f));
  p = fma(p, magnitude, broadcast(1.12951493f));
  p = fma(p, magnitude, broadcast(-0.000174683111f));
  const F32x16 large = broadcast(1.0f) - exp(negate(p));
  const F32x16 result = select(absolute(x) < broadcast(0.925f), small, withSign(large, x));
  return select(isNaN(x), x, result);
}

namespace angles {

constexpr float largest = 100000.0f;

// x = n π/2 + r, |r| ≤ π/4. Lanes beyond `largest` take a slow way in double, good to about 2⁵⁰ and NaN further out.
inline F32x16 reduce(F32x16 x, I32x16& quadrant) {
  const F32x16 n = roundToInteger(x * broadcast(0.636619747f));
  F32x16 r = fma(n, broadcast(-1.57079637f), x);
  r = fma(n, broadcast(4.37113883e-08f), r);
  r = fma(n, broadcast(1.71512451e-15f), r);
  quadrant = truncate(select(absolute(x) < broadcast(largest), n, zero()));
  if (horizontalMaximum(absolute(x)) < largest) return r;
  float angle[vectorLanes], rest[vectorLanes];
  int32_t quarter[vectorLanes];
  store(angle, x);
  store(rest, r);
  storeInt(quarter, quadrant);
  for (int lane = 0; lane < vectorLanes; lane++) {
    if (!(std::fabs(angle[lane]) >= largest)) continue;
    const double whole = std::nearbyint(static_cast<double>(angle[lane]) * 0.6366197723675814);
    double remainder = std::fma(whole, -1.5707963267948966, static_cast<double>(angle[lane]));
    remainder = std::fma(whole, -6.123233995736766e-17, remainder);
    const bool good = std::fabs(remainder) < 1.0;
    rest[lane] = good ? static_cast<float>(remainder) : std::numeric_limits<float>::quiet_NaN();
    quarter[lane] = good ? static_cast<int32_t>(std::fmod(whole, 4.0)) : 0;
  }
  quadrant = loadInt(quarter);
  return load(rest);
}

// The sine of (quadrant π/2 + r).
inline F32x16 sineAt(I32x16 quadrant, F32x16 r) {
  const F32x16 z = r * r;
  F32x16 s = broadcast(2.71756448e-06f);
  s = fma(s, z, broadcast(-0.000198392561f));
  s = fma(s, z, broadcast(0.00833332911f));
  s = fma(s, z, broadcast(-0.166666672f));
  const F32x16 sine = fma(s * z, r, r);
  F32x16 c = broadcast(-2.71986266e-07f);
  c = fma(c, z, broadcast(2.47993721e-05f));
  c = fma(c, z, broadcast(-0.00138888834f));
  c = fma(c, z, broadcast(0.0416666679f));
  const F32x16 cosine = fma(c * z, z, fma(z, broadcast(-0.5f), broadcast(1.0f)));
  const I32x16 one = broadcastInt(1);
  const F32x16 value = select((quadrant & one) == one, cosine, sine);
  return asFloat(asInt(value) ^ shiftLeft<30>(quadrant & broadcastInt(2)));
}

}  // namespace angles

// Sine and cosine of an angle in radians.
inline F32x16 sin(F32x16 x) {
  I32x16 quadrant;
  const F32x16 r = angles::reduce(x, quadrant);
  return angles::sineAt(quadrant, r);
}
inline F32x16 cos(F32x16 x) {
  I32x16 quadrant;
  const F32x16 r = angles::reduce(x, quadrant);
  return angles::sineAt(quadrant + broadcastInt(1), r);
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
