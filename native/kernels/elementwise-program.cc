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

// Where a step reads and writes.
struct Place {
  int64_t rows, columns;
  const ElementwiseProgram::Block* sources[3];
  ElementwiseProgram::Block to;
  bool rounded;  // to bf16, before the numbers are stored
};

template <class Each> [[gnu::always_inline]] inline void storeVectors(const Place& place, const Each& each) {
  const auto [to, stride, bf16] = place.to;
  for (int64_t row = 0; row < place.rows; row++) {
    for (int64_t column = 0; column < place.columns; column += vectorLanes) {
      const F32x16 value = each(row, column);
      const int64_t at = row * stride + column;
      if (bf16) storeBf16(static_cast<uint16_t*>(to) + at, value);
      else store(static_cast<float*>(to) + at, place.rounded ? roundBf16(value) : value);
    }
  }
}

void runStep(MicroOp op, const Place& place) {
  using V = F32x16;
  const auto *const a = place.sources[0], *const b = place.sources[1], *const c = place.sources[2];
  const auto ofOne = [&](const auto& f) {
    storeVectors(place, [&](int64_t row, int64_t column) { return f(a->load(row, column)); });
  };
  const auto ofTwo = [&](const auto& f) {
    storeVectors(place, [&](int64_t row, int64_t column) { return f(a->load(row, column), b->load(row, column)); });
  };
  const auto ofThree = [&](const auto& f) {
    storeVectors(place, [&](int64_t row, int64_t column) {
      return f(a->load(row, column), b->load(row, column), c->load(row, column));
    });
  };
  switch (op) {
    case MicroOp::copy: return ofOne([](V x) { return x; });
    case MicroOp::add: return ofTwo([](V x, V y) { return x + y; });
    case MicroOp::subtract: return ofTwo([](V x, V y) { return x - y; });
    case MicroOp::multiply: return ofTwo([](V x, V y) { return x * y; });
    case MicroOp::divide: return ofTwo([](V x, V y) { return x / y; });
    case MicroOp::maximum: return ofTwo([](V x, V y) { return maximumOrNaN(x, y); });
    case MicroOp::minimum: return ofTwo([](V x, V y) { return minimumOrNaN(x, y); });
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
    case MicroOp::geluTanh: return ofOne([](V x) { return geluTanh(x); });
    case MicroOp::geluTanhGradient: return ofTwo([](V x, V dy) { return geluTanhGradient(x, dy); });
    case MicroOp::geluErf: return ofOne([](V x) { return geluErf(x); });
    case MicroOp::geluErfGradient: return ofTwo([](V x, V dy) { return geluErfGradient(x, dy); });
    case MicroOp::silu: return ofOne([](V x) { return silu(x); });
    case MicroOp::siluGradient: return ofTwo([](V x, V dy) { return siluGradient(x, dy); });
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
    const bool readUnrounded = lastReader(before.destination) > static_cast<int>(at) || isOutput(before.destination);
    if (rounding.destination != before.destination && readUnrounded) continue;
    before.rounded = true;
    before.destination = rounding.destination;
    steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(at));
    at--;
  }
}

int ElementwiseProgram::writer(int index) const {
  int found = -1;
  for (size_t at = 0; at < steps_.size(); at++) {
    if (steps_[at].destination != index) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(at);
  }
  return found;
}

int ElementwiseProgram::lastReader(int index) const {
  for (size_t at = steps_.size(); at-- > 0;) {
    const int* const sources = steps_[at].sources;
    if (std::find(sources, sources + sourceCount(steps_[at].op), index) != sources + sourceCount(steps_[at].op))
      return static_cast<int>(at);
  }
  return -1;
}

bool ElementwiseProgram::isOutput(int index) const {
  return std::find(outputs_.begin(), outputs_.end(), index) != outputs_.end();
}

ElementwiseProgram::Registers ElementwiseProgram::arrange(void* scratch, int64_t rowStride) const {
  Registers registers{static_cast<float*>(scratch), nullptr};
  registers.blocks = reinterpret_cast<Block*>(registers.buffers + registers_ * blockElements);
  for (int i = 0; i < registers_; i++) registers.blocks[i] = {registers.buffer(i), rowStride, false};
  for (size_t i = 0; i < constants_.size(); i++)
    std::fill_n(registers.buffer(inputs_ + static_cast<int>(i)), blockElements, constants_[i]);
  return registers;
}

void ElementwiseProgram::run(const Registers& registers, int64_t rows, int64_t columns) const {
  for (const Step& step : steps_) {
    Place place{rows, columns, {}, registers.blocks[step.destination], step.rounded};
    for (int source = 0; source < sourceCount(step.op); source++)
      place.sources[source] = &registers.blocks[step.sources[source]];
    runStep(step.op, place);
  }
}

}  // namespace glossa::GLOSSA_LEVEL
