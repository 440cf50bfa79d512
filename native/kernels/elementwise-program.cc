// The micro-operations of elementwise-program.h.
#include "elementwise-program.h"

#include <cfloat>

#include "../simd/math.h"
#include "reduce.h"

namespace glossa::GLOSSA_LEVEL {

namespace {

constexpr int maxRegisters = 512;
constexpr int wordsPerStep = 5;

void fillRegister(float* to, float value) {
  for (int64_t i = 0; i < ElementwiseProgram::blockElements; i++) to[i] = value;
}

// ---- the longer micro-operations

F32x16 one() { return broadcast(1.0f); }
F32x16 half() { return broadcast(0.5f); }

constexpr float sqrtTwoOverPi = 0.797884583f;
constexpr float geluCubic = 0.0356774069f;        // √(2/π) · 0.044715
constexpr float geluCubicSlope = 0.107032225f;    // three times that
constexpr float inverseSqrtTwoPi = 0.398942292f;  // the normal density at zero

// tanh(√(2/π) (x + 0.044715 x³))
F32x16 geluTanhOf(F32x16 x) { return tanh(x * fma(broadcast(geluCubic), x * x, broadcast(sqrtTwoOverPi))); }

// ½ x (1 + t)
F32x16 geluTanh(F32x16 x) {
  const F32x16 halfX = half() * x;
  return fma(halfX, geluTanhOf(x), halfX);
}
// dy (½ (1 + t) + ½ x (1 − t²) t′)
F32x16 geluTanhGradient(F32x16 x, F32x16 dy) {
  const F32x16 t = geluTanhOf(x);
  const F32x16 slope = fma(broadcast(geluCubicSlope), x * x, broadcast(sqrtTwoOverPi));
  const F32x16 bend = (half() * x) * (fma(negate(t), t, one()) * slope);
  return dy * (fma(half(), t, half()) + bend);
}
// x Φ(x)
F32x16 geluErf(F32x16 x) { return x * normalCumulative(x, bell(x)); }
// dy (Φ(x) + x φ(x))
F32x16 geluErfGradient(F32x16 x, F32x16 dy) {
  const F32x16 bellOfX = bell(x);
  return dy * fma(x, broadcast(inverseSqrtTwoPi) * bellOfX, normalCumulative(x, bellOfX));
}
F32x16 silu(F32x16 x) { return x * sigmoid(x); }
// dy s (1 + x (1 − s))
F32x16 siluGradient(F32x16 x, F32x16 dy) {
  const F32x16 s = sigmoid(x);
  return dy * (s * fma(x, one() - s, one()));
}
F32x16 asNumber(Mask16 mask) { return select(mask, one(), zero()); }

// ---- steps

template <class F> void apply(int64_t count, float* to, const float* a, const F& f) {
  for (int64_t i = 0; i < count; i += vectorLanes) store(to + i, f(load(a + i)));
}
template <class F> void apply(int64_t count, float* to, const float* a, const float* b, const F& f) {
  for (int64_t i = 0; i < count; i += vectorLanes) store(to + i, f(load(a + i), load(b + i)));
}
template <class F> void apply(int64_t count, float* to, const float* a, const float* b, const float* c, const F& f) {
  for (int64_t i = 0; i < count; i += vectorLanes) store(to + i, f(load(a + i), load(b + i), load(c + i)));
}

int sourceCount(MicroOp op) {
  switch (op) {
    case MicroOp::add:
    case MicroOp::subtract:
    case MicroOp::multiply:
    case MicroOp::divide:
    case MicroOp::maximum:
    case MicroOp::minimum:
    case MicroOp::geluTanhGradient:
    case MicroOp::geluErfGradient:
    case MicroOp::siluGradient:
    case MicroOp::greater:
    case MicroOp::greaterEqual:
    case MicroOp::equal: return 2;
    case MicroOp::select:
    case MicroOp::multiplyAdd: return 3;
    default: return 1;
  }
}

void runStep(MicroOp op, int64_t count, float* to, const float* a, const float* b, const float* c) {
  using V = F32x16;
  switch (op) {
    case MicroOp::copy: return apply(count, to, a, [](V x) { return x; });
    case MicroOp::add: return apply(count, to, a, b, [](V x, V y) { return x + y; });
    case MicroOp::subtract: return apply(count, to, a, b, [](V x, V y) { return x - y; });
    case MicroOp::multiply: return apply(count, to, a, b, [](V x, V y) { return x * y; });
    case MicroOp::divide: return apply(count, to, a, b, [](V x, V y) { return x / y; });
    case MicroOp::maximum: return apply(count, to, a, b, maximumOrNaN);
    case MicroOp::minimum: return apply(count, to, a, b, minimumOrNaN);
    case MicroOp::negate: return apply(count, to, a, [](V x) { return negate(x); });
    case MicroOp::absolute: return apply(count, to, a, [](V x) { return absolute(x); });
    case MicroOp::exp: return apply(count, to, a, [](V x) { return exp(x); });
    case MicroOp::log: return apply(count, to, a, [](V x) { return log(x); });
    case MicroOp::sqrt: return apply(count, to, a, [](V x) { return squareRoot(x); });
    case MicroOp::reciprocalSqrt: return apply(count, to, a, [](V x) { return one() / squareRoot(x); });
    case MicroOp::tanh: return apply(count, to, a, [](V x) { return tanh(x); });
    case MicroOp::sigmoid: return apply(count, to, a, [](V x) { return sigmoid(x); });
    case MicroOp::erf: return apply(count, to, a, [](V x) { return erf(x); });
    case MicroOp::relu: return apply(count, to, a, [](V x) { return select(x < zero(), zero(), x); });
    case MicroOp::geluTanh: return apply(count, to, a, geluTanh);
    case MicroOp::geluTanhGradient: return apply(count, to, a, b, geluTanhGradient);
    case MicroOp::geluErf: return apply(count, to, a, geluErf);
    case MicroOp::geluErfGradient: return apply(count, to, a, b, geluErfGradient);
    case MicroOp::silu: return apply(count, to, a, silu);
    case MicroOp::siluGradient: return apply(count, to, a, b, siluGradient);
    case MicroOp::greater: return apply(count, to, a, b, [](V x, V y) { return asNumber(x > y); });
    case MicroOp::greaterEqual: return apply(count, to, a, b, [](V x, V y) { return asNumber(x >= y); });
    case MicroOp::equal: return apply(count, to, a, b, [](V x, V y) { return asNumber(x == y); });
    case MicroOp::select:
      return apply(count, to, a, b, c, [](V which, V yes, V no) { return select(which == zero(), no, yes); });
    case MicroOp::multiplyAdd: return apply(count, to, a, b, c, [](V x, V y, V z) { return fma(x, y, z); });
    case MicroOp::roundBf16: return apply(count, to, a, [](V x) { return roundBf16(x); });
    case MicroOp::square: return apply(count, to, a, [](V x) { return x * x; });
    case MicroOp::reciprocal: return apply(count, to, a, [](V x) { return one() / x; });
    case MicroOp::finite:
      return apply(count, to, a, [](V x) { return asNumber(absolute(x) <= broadcast(FLT_MAX)); });
    case MicroOp::sin: return apply(count, to, a, [](V x) { return sin(x); });
    case MicroOp::cos: return apply(count, to, a, [](V x) { return cos(x); });
  }
}

}  // namespace

ElementwiseProgram::ElementwiseProgram(const int32_t* words, int wordCount, int inputs, const double* constants,
                                       int constantCount, int outputs)
    : inputs_(inputs) {
  const int firstTemporary = inputs + constantCount;
  const int steps = wordCount > 0 ? words[0] : -1;
  require(steps >= 0 && wordCount == 1 + steps * wordsPerStep + outputs, "elementwise: settings do not fit");
  registers_ = firstTemporary;
  for (int index = 0; index < steps; index++) {
    const int32_t* step = words + 1 + index * wordsPerStep;
    steps_.push_back({static_cast<MicroOp>(step[0]), step[1], {step[2], step[3], step[4]}});
    registers_ = std::max<int64_t>(registers_, step[1] + 1);
  }
  require(registers_ <= maxRegisters, "elementwise: too many registers");
  bool holds[maxRegisters] = {};
  std::fill_n(holds, firstTemporary, true);
  const auto readable = [&](int index) { return index >= 0 && index < registers_ && holds[index]; };
  for (const Step& step : steps_) {
    require(step.op >= MicroOp::copy && static_cast<int>(step.op) < microOpCount, "elementwise: no such operation");
    require(step.destination >= firstTemporary, "elementwise: only temporaries can be written");
    for (int source = 0; source < sourceCount(step.op); source++) {
      require(readable(step.sources[source]), "elementwise: a step reads a register that holds nothing");
    }
    holds[step.destination] = true;
  }
  for (int output = 0; output < outputs; output++) {
    outputs_.push_back(words[1 + steps * wordsPerStep + output]);
    require(readable(outputs_.back()), "elementwise: an output is a register that holds nothing");
  }
  for (int i = 0; i < constantCount; i++) constants_.push_back(static_cast<float>(constants[i]));
}

ElementwiseProgram::Registers ElementwiseProgram::arrange(void* scratch) const {
  Registers registers{static_cast<float*>(scratch), nullptr};
  registers.values = reinterpret_cast<const float**>(registers.buffers + registers_ * blockElements);
  for (int i = 0; i < registers_; i++) registers.values[i] = registers.buffer(i);
  for (size_t i = 0; i < constants_.size(); i++) {
    fillRegister(registers.buffer(inputs_ + static_cast<int>(i)), constants_[i]);
  }
  return registers;
}

void ElementwiseProgram::run(const Registers& registers, int64_t count) const {
  for (const Step& step : steps_) {
    const int needed = sourceCount(step.op);
    const auto source = [&](int which) { return which < needed ? registers.values[step.sources[which]] : nullptr; };
    runStep(step.op, count, registers.buffer(step.destination), source(0), source(1), source(2));
  }
}

}  // namespace glossa::GLOSSA_LEVEL
