// elementwise: a small program of micro-operations for every element, so that a chain of operations reads and writes
// memory once.
//
//   out… | in…      ints: the words of an ElementwiseProgram; floats: its constants
//
// bf16 and i32 inputs are converted, bf16 outputs are rounded to nearest even. The first output's shape is the space;
// inputs broadcast to it by numpy's rules. An output may lie on an input of the same shape.
//
// The space is walked in blocks of 256 elements, so that the registers of a block stay in the first cache. Work is
// split by ranges of elements; no element depends on another, so the split changes nothing.
#include <cstring>

#include "elementwise-program.h"

namespace glossa::GLOSSA_LEVEL {

namespace {

constexpr int64_t blockElements = ElementwiseProgram::blockElements;
constexpr int maxOperands = 64;

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

// The operand's values for one block: where they lie in memory as whole vectors of floats, else a copy in `buffer`.
float* gather(const Operand& operand, const Space& space, const Layout& layout, int64_t begin, int64_t count,
              bool mayPoint, float* buffer) {
  float* direct = nullptr;
  forRuns(space, layout, begin, count, [&](int64_t element, int64_t position, int64_t length, int64_t stride) {
    if (mayPoint && length == count && count % vectorLanes == 0 && stride == 1 && operand.dtype == DType::f32) {
      direct = operand.as<float>() + element;
      return;
    }
    float* to = buffer + position;
    if (stride == 0) {
      float value;
      store(&value, loadLanes(operand, element, 1), 1);
      std::fill_n(to, length, value);
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

  const ElementwiseProgram program(call.ints, call.intCount, call.inputCount, call.floats, call.floatCount,
                                   call.outputCount);
  // An input that is itself an output is copied first, for another output may lie on it.
  bool mayPoint[maxOperands];
  for (int i = 0; i < call.inputCount; i++) mayPoint[i] = true;
  for (int i = 0; i < call.outputCount; i++) {
    if (program.outputRegister(i) < call.inputCount) mayPoint[program.outputRegister(i)] = false;
  }

  forRanges(team, (space.elements + blockElements - 1) / blockElements, blockElements,
            [&](int64_t firstBlock, int64_t lastBlock, int worker) {
              const ElementwiseProgram::Registers registers = program.arrange(team.scratch(worker), blockElements);
              for (int i = 0; i < call.inputCount; i++) {
                if (!inLayouts[i].isScalar()) continue;
                float value;
                store(&value, loadLanes(call.inputs[i], 0, 1), 1);
                std::fill_n(registers.buffer(i), blockElements, value);
              }
              for (int64_t block = firstBlock; block < lastBlock; block++) {
                const int64_t begin = block * blockElements;
                const int64_t count = std::min(blockElements, space.elements - begin);
                for (int i = 0; i < call.inputCount; i++) {
                  if (inLayouts[i].isScalar()) continue;
                  registers.blocks[i].data =
                      gather(call.inputs[i], space, inLayouts[i], begin, count, mayPoint[i], registers.buffer(i));
                }
                program.run(registers, 1, (count + vectorLanes - 1) / vectorLanes * vectorLanes);
                for (int i = 0; i < call.outputCount; i++) {
                  scatter(call.outputs[i], space, outLayouts[i], begin, count,
                          static_cast<const float*>(registers.blocks[program.outputRegister(i)].data));
                }
              }
            });
}

}  // namespace glossa::GLOSSA_LEVEL
