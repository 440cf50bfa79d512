// Prints, for every function of simd/math.h and simd/gelu.h, the largest error against double and a checksum of all bits;
// fails when an error is beyond its bound. Checksums must be the same on each level: scripts/test-native.mjs compares
// them.
#include "../simd/math.h"

#include "../simd/gelu.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

using namespace glossa::LEVEL_NAMESPACE;

namespace {

uint64_t checksum(uint64_t sum, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (value != value) bits = 0x7fc00000;  // the sign of a NaN is the processor's own
  return (sum ^ bits) * 1099511628211ull;
}

double ulps(float got, double wanted) {
  if (std::isnan(wanted)) return std::isnan(got) ? 0 : 1e9;
  if (std::isinf(wanted) || std::fabs(wanted) > std::numeric_limits<float>::max())
    return std::isinf(got) || std::fabs(got) == std::numeric_limits<float>::max() ? 0 : 1e9;
  if (std::fabs(wanted) < std::numeric_limits<float>::min()) return std::fabs(got) <= 1.2e-38f ? 0 : 1e9;
  int exponent;
  std::frexp(wanted, &exponent);
  return std::fabs(static_cast<double>(got) - wanted) / std::ldexp(1.0, exponent - 24);
}

// What an error is counted in.
struct Measure {
  const char* unit;
  double (*of)(float got, double wanted);
};
constexpr Measure inUlps{"ulp", ulps};
// For shares, which lie around 0 … 1.
constexpr Measure inBillionths{"e-9", [](float got, double wanted) {
  return std::isnan(wanted) ? (std::isnan(got) ? 0.0 : 1e9) : 1e9 * std::fabs(static_cast<double>(got) - wanted);
}};

int checks = 0;
int failures = 0;

template <class Function, class Reference>
void check(const char* name, Function function, Reference reference, float low, float high, double bound,
           const Measure& measure = inUlps) {
  const float special[16] = {0.0f, -0.0f, 1.0f, -1.0f, 0.5f, 88.72283f, 88.72284f, -87.3365f,
                             std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                             std::numeric_limits<float>::quiet_NaN(), 3.4e38f, 1.2e-38f, -104.0f, 100.0f, 0.70710678f};
  double worst = 0;
  float worstAt = 0;
  uint64_t sum = 14695981039346656037ull;
  constexpr int count = 1 << 20;
  float x[16], y[16];
  for (int start = -16; start < count; start += 16) {
    for (int lane = 0; lane < 16; lane++)
      x[lane] = start < 0 ? special[lane] : low + (high - low) * (static_cast<float>(start + lane) / count);
    store(y, function(load(x)));
    for (int lane = 0; lane < 16; lane++) {
      sum = checksum(sum, y[lane]);
      if (start < 0 && (std::fabs(x[lane]) > 1e30f && (name[0] == 's' || name[0] == 'c') && name[1] != 'i')) continue;
      if (start < 0 && std::fabs(x[lane]) > 1e15f && high > 1e5f) continue;  // angles beyond what is promised
      const double error = measure.of(y[lane], reference(static_cast<double>(x[lane])));
      if (error > worst) worst = error, worstAt = x[lane];
    }
  }
  std::printf("%-9s [%g, %g] %.3f %s at %.9g checksum %016llx\n", name, low, high, worst, measure.unit,
              worstAt, static_cast<unsigned long long>(sum));
  checks++;
  if (!(worst <= bound)) failures++, std::printf("  beyond %.2f %s\n", bound, measure.unit);
}

}  // namespace

int main() {
  using V = F32x16;
  check("exp", [](V a) { return exp(a); }, [](double a) { return std::exp(a); }, -88, 89, 1.0);
  check("exp", [](V a) { return exp(a); }, [](double a) { return std::exp(a); }, -1, 1, 1.0);
  check("log", [](V a) { return log(a); }, [](double a) { return std::log(a); }, 1e-30f, 4, 1.0);
  check("log", [](V a) { return log(a); }, [](double a) { return std::log(a); }, 0.5f, 1e30f, 1.0);
  check("tanh", [](V a) { return tanh(a); }, [](double a) { return std::tanh(a); }, -10, 10, 2.0);
  check("erf", [](V a) { return erf(a); }, [](double a) { return std::erf(a); }, -4.5f, 4.5f, 2.0);
  // Φ and Φ + x φ; ½ (1 + tanh u) and its sum with x times its slope.
  const auto normal = [](double a) { return 0.5 * std::erfc(-a * 0.70710678118654752); };
  const auto normalSlope = [&](double a) {
    return std::isinf(a) ? normal(a) : normal(a) + a * 0.39894228040143268 * std::exp(-0.5 * a * a);
  };
  const auto angle = [](double a) { return 0.79788456080286536 * (a + 0.044715 * a * a * a); };
  const auto tanhShareOf = [&](double a) { return 1 / (1 + std::exp(-2 * angle(a))); };
  const auto tanhSlopeOf = [&](double a) {
    const double share = tanhShareOf(a), bend = share * (1 - share);
    return bend == 0 ? share : share + 2 * a * bend * 0.79788456080286536 * (1 + 0.134145 * a * a);
  };
  check("share Φ", [](V a) { return shareOf(a, normalShare); }, normal, -9, 9, 70, inBillionths);
  check("share Φ′", [](V a) { return shareOf(a, normalShareSlope); }, normalSlope, -9, 9, 200, inBillionths);
  check("share t", [](V a) { return shareOf(a, tanhShare); }, tanhShareOf, -9, 9, 70, inBillionths);
  check("share t′", [](V a) { return shareOf(a, tanhShareSlope); }, tanhSlopeOf, -9, 9, 200, inBillionths);
  check("sigmoid", [](V a) { return sigmoid(a); }, [](double a) { return 1 / (1 + std::exp(-a)); }, -87, 20, 2.5);
  check("sin", [](V a) { return sin(a); }, [](double a) { return std::sin(a); }, -100, 1e6f, 2.0);
  check("cos", [](V a) { return cos(a); }, [](double a) { return std::cos(a); }, -100, 1e6f, 2.0);
  // bf16: the vector form is the scalar form, for every upper half and all kinds of lower half.
  uint64_t wrong = 0;
  for (uint32_t upper = 0; upper < 65536; upper++) {
    float x[16];
    uint16_t y[16];
    for (uint32_t lane = 0; lane < 16; lane++) {
      const uint32_t lower[4] = {0x0000, 0x7fff, 0x8000, 0x8001};
      const uint32_t bits = (upper << 16) | lower[lane & 3];
      std::memcpy(&x[lane], &bits, 4);
    }
    storeBf16(y, load(x));
    for (int lane = 0; lane < 16; lane++)
      if (y[lane] != floatToBf16(x[lane])) wrong++;
  }
  checks++;
  if (wrong > 0) failures++, std::printf("bf16: %llu differ\n", static_cast<unsigned long long>(wrong));
  std::printf("%d checks passed, %d failed\n", checks - failures, failures);
  return failures == 0 ? 0 : 1;
}
