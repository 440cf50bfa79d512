// elementwise: a small program of micro-operations for every element, so that a chain of operations reads and writes
// memory once.
//
//   out… | in…      ints: [steps, then per step: microOp, destination, a, b, c], then one register per output
//                   floats: constants
//
// Registers: inputs, then constants, then temporaries, which steps may write. All arithmetic is float32; bf16 and i32
// inputs are converted, bf16 outputs are rounded to nearest even. The first output's shape is the space; inputs
// broadcast to it by numpy's rules. An output may lie on an input of the same shape.
//
// The space is walked in blocks of 256 elements, so that the registers of a block stay in the first cache. Work is
// split by ranges of elements; no element depends on another, so the split changes nothing.
#include <cfloat>
#include <cstring>

#include "../generated/ops.h"
#include "../simd/math.h"
#include "reduce.h"

namespace glossa::GLOSSA_LEVEL {

namespace {

constexpr int64_t blockElements = 256;
constexpr int maxOperands = 64;
constexpr int maxRegisters = 512;
constexpr int wordsPerStep = 5;

// The shape all operands are walked in: at most `maxRank` axes, the last one innermost.
struct Space {
  int64_t dims[maxRank] = {1, 1, 1, 1};
  int64_t elements = 1;
};

// How one operand lies in the space: elements to move for one step along each axis, 0 where it is repeated.
struct Layout {
  int64_t strides[maxRank] = {0, 0, 0, 0};
  bool isScalar() const { return (strides[0] | strides[1] | strides[2] | strides[3]) == 0; }
};

Layout layoutOf(const Operand& operand, const Space& space) {
  Layout layout;
  int64_t stride = 1;
  for (int axis = operand.rank - 1; axis >= 0; axis--) {
    const int target = maxRank - operand.rank + axis;
    const int64_t size = operand.dims[axis];
    require(size == 1 || size == space.dims[target], "elementwise: shapes do not broadcast");
    if (axis == 0 && operand.rank > 1) stride = firstStride(operand);
    layout.strides[target] = size == 1 ? 0 : stride;
    stride *= size;
  }
  return layout;
}

// Joins neighbouring axes wherever every operand steps through both as through one, so that inner runs are long.
void joinAxes(Space& space, Layout* layouts, int count) {
  for (int axis = maxRank - 1; axis > 0;) {
    const int64_t inner = space.dims[axis];
    bool joins = true;
    for (int i = 0; i < count; i++) {
      const int64_t* strides = layouts[i].strides;
      joins &= space.dims[axis - 1] == 1 || inner == 1 || strides[axis - 1] == strides[axis] * inner;
    }
    if (!joins) {
      axis--;
      continue;
    }
    for (int i = 0; i < count; i++) {
      int64_t* strides = layouts[i].strides;
      if (inner == 1) strides[axis] = strides[axis - 1];
      for (int outer = axis - 1; outer > 0; outer--) strides[outer] = strides[outer - 1];
      strides[0] = 0;
    }
    space.dims[axis] *= space.dims[axis - 1];
    for (int outer = axis - 1; outer > 0; outer--) space.dims[outer] = space.dims[outer - 1];
    space.dims[0] = 1;
    // The next outer axis has moved here: look at the same pair again, unless only ones are left.
    bool onlyOnes = true;
    for (int outer = 0; outer < axis; outer++) onlyOnes &= space.dims[outer] == 1;
    if (onlyOnes) break;
  }
}

// Calls run(element, position, length, stride) for the pieces of [begin, begin + count) that lie on one line of
// the innermost axis.
template <class Run>
void forRuns(const Space& space, const Layout& layout, int64_t begin, int64_t count, const Run& run) {
  constexpr int last = maxRank - 1;
  int64_t coordinates[maxRank];
  int64_t rest = begin;
  for (int axis = last; axis >= 0; axis--) {
    coordinates[axis] = rest % space.dims[axis];
    rest /= space.dims[axis];
  }
  for (int64_t position = 0; position < count;) {
    int64_t element = 0;
    for (int axis = 0; axis < maxRank; axis++) element += coordinates[axis] * layout.strides[axis];
    const int64_t length = std::min(count - position, space.dims[last] - coordinates[last]);
    run(element, position, length, layout.strides[last]);
    position += length;
    coordinates[last] = 0;
    for (int axis = last - 1; axis >= 0 && ++coordinates[axis] == space.dims[axis]; axis--) coordinates[axis] = 0;
  }
}

void fillRegister(float* to, float value, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = value;
}

// The operand's values for one block: a pointer into memory where they lie there as whole vectors of floats, else a
// copy in `buffer`.
const float* gather(const Operand& operand, const Space& space, const Layout& layout, int64_t begin, int64_t count,
                    bool mayPoint, float* buffer) {
  const float* direct = nullptr;
  forRuns(space, layout, begin, count, [&](int64_t element, int64_t position, int64_t length, int64_t stride) {
    if (mayPoint && length == count && count % vectorLanes == 0 && stride == 1 && operand.dtype == DType::f32) {
      direct = operand.as<float>() + element;
      return;
    }
    float* to = buffer + position;
    if (stride == 0) {
      float value;
      store(&value, loadLanes(operand, element, 1), 1);
      fillRegister(to, value, length);
    } else if (stride > 1) {
      for (int64_t i = 0; i < length; i++) store(to + i, loadLanes(operand, element + i * stride, 1), 1);
    } else if (operand.dtype == DType::f32) {
      std::memcpy(to, operand.as<float>() + element, length * sizeof(float));
    } else {
      for (int64_t i = 0; i < length; i += vectorLanes) {
        const int lanes = lanesFrom(i, length);
        store(to + i, loadLanes(operand, element + i, lanes), lanes);
      }
    }
  });
  if (direct != nullptr) return direct;
  for (int64_t i = count; i % vectorLanes != 0; i++) buffer[i] = 0.0f;
  return buffer;
}

void scatter(const Operand& operand, const Space& space, const Layout& layout, int64_t begin, int64_t count,
             const float* from) {
  forRuns(space, layout, begin, count, [&](int64_t element, int64_t position, int64_t length, int64_t stride) {
    if (stride > 1) {
      for (int64_t i = 0; i < length; i++) {
        storeLanes(operand, element + i * stride, load(from + position + i, 1), 1);
      }
      return;
    }
    if (operand.dtype == DType::f32) {
      std::memcpy(operand.as<float>() + element, from + position, length * sizeof(float));
      return;
    }
    for (int64_t i = 0; i < length; i += vectorLanes) {
      const int lanes = lanesFrom(i, length);
      storeLanes(operand, element + i, load(from + position + i, lanes), lanes);
    }
  });
}

// ---- the longer micro-operations

F32x16 one() { return broadcast(1.0f); }
F32x16 half() { return broadcast(0.5f); }

constexpr float sqrtTwoOverPi = 0.797884583f;
constexpr float geluCubic = 0.0356774069f;        // √(2/π) · 0.044715
constexpr float geluCubicSlope = 0.107032225f;    // three times that
constexpr float sqrtHalf = 0.707106769f;
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
// ½ x (1 + erf(x / √2))
F32x16 geluErf(F32x16 x) {
  const F32x16 halfX = half() * x;
  return fma(halfX, erf(x * broadcast(sqrtHalf)), halfX);
}
// dy (½ (1 + erf(x / √2)) + x φ(x))
F32x16 geluErfGradient(F32x16 x, F32x16 dy) {
  const F32x16 below = fma(half(), erf(x * broadcast(sqrtHalf)), half());
  const F32x16 density = broadcast(inverseSqrtTwoPi) * exp(negate(half() * (x * x)));
  return dy * fma(x, density, below);
}
F32x16 silu(F32x16 x) { return x * sigmoid(x); }
// dy s (1 + x (1 − s))
F32x16 siluGradient(F32x16 x, F32x16 dy) {
  const F32x16 s = sigmoid(x);
  return dy * (s * fma(x, one() - s, one()));
}
F32x16 asNumber(Mask16 mask) { return select(mask, one(), zero()); }

// ---- steps

struct Step {
  MicroOp op;
  int destination;
  int sources[3];
};

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

void elementwise(const Call& call, Team& team) {
  const int operands = call.outputCount + call.inputCount;
  require(call.outputCount >= 1 && operands <= maxOperands, "elementwise: too many operands");
  Space space;
  const Operand& first = call.outputs[0];
  for (int axis = 0; axis < first.rank; axis++) space.dims[maxRank - first.rank + axis] = first.dims[axis];
  for (const int64_t size : space.dims) space.elements *= size;
  if (space.elements == 0) return;

  Layout layouts[maxOperands];
  Layout* outLayouts = layouts;
  Layout* inLayouts = layouts + call.outputCount;
  for (int i = 0; i < call.outputCount; i++) {
    require(call.outputs[i].elements() == space.elements, "elementwise: outputs differ in shape");
    outLayouts[i] = layoutOf(call.outputs[i], space);
  }
  for (int i = 0; i < call.inputCount; i++) inLayouts[i] = layoutOf(call.inputs[i], space);
  joinAxes(space, layouts, operands);

  const int firstTemporary = call.inputCount + call.floatCount;
  const int steps = call.ints[0];
  require(steps >= 0 && call.intCount == 1 + steps * wordsPerStep + call.outputCount, "elementwise: settings do not fit");
  const auto stepAt = [&](int index) {
    const int32_t* words = call.ints + 1 + index * wordsPerStep;
    return Step{static_cast<MicroOp>(words[0]), words[1], {words[2], words[3], words[4]}};
  };
  const int32_t* outputRegisters = call.ints + 1 + steps * wordsPerStep;
  int registers = firstTemporary;
  for (int index = 0; index < steps; index++) registers = std::max(registers, stepAt(index).destination + 1);
  require(registers <= maxRegisters, "elementwise: too many registers");
  bool holds[maxRegisters] = {};
  std::fill_n(holds, firstTemporary, true);
  const auto readable = [&](int index) { return index >= 0 && index < registers && holds[index]; };
  for (int index = 0; index < steps; index++) {
    const Step step = stepAt(index);
    require(step.op >= MicroOp::copy && static_cast<int>(step.op) < microOpCount, "elementwise: no such operation");
    require(step.destination >= firstTemporary, "elementwise: only temporaries can be written");
    for (int source = 0; source < sourceCount(step.op); source++) {
      require(readable(step.sources[source]), "elementwise: a step reads a register that holds nothing");
    }
    holds[step.destination] = true;
  }
  // An input that is itself an output is copied first, for another output may lie on it.
  bool mayPoint[maxOperands];
  for (int i = 0; i < call.inputCount; i++) mayPoint[i] = true;
  for (int i = 0; i < call.outputCount; i++) {
    require(readable(outputRegisters[i]), "elementwise: an output is a register that holds nothing");
    if (outputRegisters[i] < call.inputCount) mayPoint[outputRegisters[i]] = false;
  }

  forRanges(team, (space.elements + blockElements - 1) / blockElements, blockElements,
            [&](int64_t firstBlock, int64_t lastBlock, int worker) {
              float* buffers = static_cast<float*>(team.scratch(worker));
              const float** values = reinterpret_cast<const float**>(buffers + registers * blockElements);
              for (int i = 0; i < registers; i++) values[i] = buffers + i * blockElements;
              for (int i = 0; i < call.floatCount; i++) {
                fillRegister(buffers + (call.inputCount + i) * blockElements, static_cast<float>(call.floats[i]),
                             blockElements);
              }
              for (int i = 0; i < call.inputCount; i++) {
                if (!inLayouts[i].isScalar()) continue;
                float value;
                store(&value, loadLanes(call.inputs[i], 0, 1), 1);
                fillRegister(buffers + i * blockElements, value, blockElements);
              }
              for (int64_t block = firstBlock; block < lastBlock; block++) {
                const int64_t begin = block * blockElements;
                const int64_t count = std::min(blockElements, space.elements - begin);
                for (int i = 0; i < call.inputCount; i++) {
                  if (inLayouts[i].isScalar()) continue;
                  values[i] = gather(call.inputs[i], space, inLayouts[i], begin, count, mayPoint[i],
                                     buffers + i * blockElements);
                }
                for (int index = 0; index < steps; index++) {
                  const Step step = stepAt(index);
                  const auto source = [&](int which) {
                    return which < sourceCount(step.op) ? values[step.sources[which]] : nullptr;
                  };
                  runStep(step.op, count, buffers + step.destination * blockElements, source(0), source(1), source(2));
                }
                for (int i = 0; i < call.outputCount; i++) {
                  scatter(call.outputs[i], space, outLayouts[i], begin, count, values[outputRegisters[i]]);
                }
              }
            });
}

}  // namespace glossa::GLOSSA_LEVEL
