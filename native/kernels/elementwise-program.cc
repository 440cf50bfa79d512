// The micro-operations of elementwise-program.h.
#include "elementwise-program.h"

#include <cfloat>

#include "../simd/gelu.h"
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

F32x16 silu(F32x16 x) { return x * sigmoid(x); }
// dy s (1 + x (1 − s))
F32x16 siluGradient(F32x16 x, F32x16 dy) {
  const F32x16 s = sigmoid(x);
  return dy * (s * fma(x, one() - s, one()));
}
F32x16 asNumber(Mask16 mask) { return select(mask, one(), zero()); }

// ---- steps

template <class Each> void forVectors(bool rounded, int64_t count, float* to, const Each& each) {
  if (rounded) {
    for (int64_t i = 0; i < count; i += vectorLanes) store(to + i, roundBf16(each(i)));
  } else {
    for (int64_t i = 0; i < count; i += vectorLanes) store(to + i, each(i));
  }
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

// `rounded`: to bf16, before the numbers are stored.
void runStep(MicroOp op, bool rounded, int64_t count, float* to, const float* a, const float* b, const float* c) {
  using V = F32x16;
  const auto ofOne = [&](const auto& f) { forVectors(rounded, count, to, [&](int64_t i) { return f(load(a + i)); }); };
  const auto ofTwo = [&](const auto& f) {
    forVectors(rounded, count, to, [&](int64_t i) { return f(load(a + i), load(b + i)); });
  };
  const auto ofThree = [&](const auto& f) {
    forVectors(rounded, count, to, [&](int64_t i) { return f(load(a + i), load(b + i), load(c + i)); });
  };
  switch (op) {
    case MicroOp::copy: return ofOne([](V x) { return x; });
    case MicroOp::add: return ofTwo([](V x, V y) { return x + y; });
    case MicroOp::subtract: return ofTwo([](V x, V y) { return x - y; });
    case MicroOp::multiply: return ofTwo([](V x, V y) { return x * y; });
    case MicroOp::divide: return ofTwo([](V x, V y) { return x / y; });
    case MicroOp::maximum: return ofTwo(maximumOrNaN);
    case MicroOp::minimum: return ofTwo(minimumOrNaN);
    case MicroOp::negate: return ofOne([](V x) { return negate(x); });
    case MicroOp::absolute: return ofOne([](V x) { return absolute(x); });
    case MicroOp::exp: return ofOne([](V x) { return exp(x); });
    case MicroOp::log: return ofOne([](V x) { return log(x); });
    case MicroOp::sqrt: return ofOne([](V x) { return squareRoot(x); });
    case MicroOp::reciprocalSqrt: return ofOne([](V x) { return one() / squareRoot(x); });
    case MicroOp::tanh: return ofOne([](V x) { return tanh(x); });
    case MicroOp::sigmoid: return ofOne([](V x) { return sigmoid(x); });
    case MicroOp::erf: return ofOne([](V x) { return erf(x); });
    case MicroOp::relu: return ofOne([](V x) { return select(x < zero(), zero(), x); });
    case MicroOp::geluTanh: return ofOne(geluTanh);
    case MicroOp::geluTanhGradient: return ofTwo(geluTanhGradient);
    case MicroOp::geluErf: return ofOne(geluErf);
    case MicroOp::geluErfGradient: return ofTwo(geluErfGradient);
    case MicroOp::silu: return ofOne(silu);
    case MicroOp::siluGradient: return ofTwo(siluGradient);
    case MicroOp::greater: return ofTwo([](V x, V y) { return asNumber(x > y); });
    case MicroOp::greaterEqual: return ofTwo([](V x, V y) { return asNumber(x >= y); });
    case MicroOp::equal: return ofTwo([](V x, V y) { return asNumber(x == y); });
    case MicroOp::select:
      return ofThree([](V which, V yes, V no) { return select(which == zero(), no, yes); });
    case MicroOp::multiplyAdd: return ofThree([](V x, V y, V z) { return fma(x, y, z); });
    case MicroOp::roundBf16: return ofOne([](V x) { return roundBf16(x); });
    case MicroOp::square: return ofOne([](V x) { return x * x; });
    case MicroOp::reciprocal: return ofOne([](V x) { return one() / x; });
    case MicroOp::finite:
      return ofOne([](V x) { return asNumber(absolute(x) <= broadcast(FLT_MAX)); });
    case MicroOp::sin: return ofOne([](V x) { return sin(x); });
    case MicroOp::cos: return ofOne([](V x) { return cos(x); });
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
    steps_.push_back({static_cast<MicroOp>(step[0]), step[1], {step[2], step[3], step[4]}, false});
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
  joinRoundings();
}

void ElementwiseProgram::joinRoundings() {
  for (size_t at = 1; at < steps_.size(); at++) {
    Step& before = steps_[at - 1];
    const Step& rounding = steps_[at];
    if (rounding.op != MicroOp::roundBf16 || rounding.sources[0] != before.destination) continue;
    if (rounding.destination != before.destination && isReadFrom(at + 1, before.destination)) continue;
    before.rounded = true;
    before.destination = rounding.destination;
    steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(at));
    at--;
  }
}

bool ElementwiseProgram::isReadFrom(size_t first, int index) const {
  for (size_t at = first; at < steps_.size(); at++)
    for (int source = 0; source < sourceCount(steps_[at].op); source++)
      if (steps_[at].sources[source] == index) return true;
  return std::find(outputs_.begin(), outputs_.end(), index) != outputs_.end();
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
    runStep(step.op, step.rounded, count, registers.buffer(step.destination), source(0), source(1), source(2));
  }
}

}  // namespace glossa::GLOSSA_LEVEL
