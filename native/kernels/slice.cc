// slice: a range of one axis. out[…, i, …] = x[…, start + i, …].
//
//   out | x      ints: axis, start
//
// concatenate: operands one behind the other along one axis.
//
//   out | x…     ints: axis
//
// Elements are moved as they are. Work is split by pieces that are contiguous on both sides.
#include <cstring>

#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

namespace {

// Copies x's positions [xStart, xStart + count) along the axis to out's positions from outStart on.
void copyRange(const Operand& out, const Operand& x, int axis, int64_t outStart, int64_t xStart, int64_t count,
               Team& team) {
  const AxisView to(out, axis), from(x, axis);
  require(out.dtype == x.dtype && to.outer == from.outer && to.inner == from.inner, "slice: operands differ");
  require(outStart >= 0 && xStart >= 0 && outStart + count <= to.count && xStart + count <= from.count,
          "slice: the range is outside the axis");
  const int64_t size = bytesOf(x.dtype);
  // Positions that follow one another without a gap on both sides move together, in pieces of a fair size.
  const bool together = to.step() == to.inner && from.step() == from.inner;
  const int64_t group = together ? std::max<int64_t>(1, 16384 / std::max<int64_t>(1, from.inner)) : 1;
  const int64_t groups = (count + group - 1) / group;
  forRanges(team, from.outer * groups, from.inner * std::min(group, count), [&](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t outer = task / groups, position = task % groups * group;
      const int64_t positions = std::min(group, count - position);
      std::memcpy(at(out, to.start(outer, outStart + position)), at(x, from.start(outer, xStart + position)),
                  positions * from.inner * size);
    }
  });
}

}  // namespace

void slice(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const int axis = call.ints[0];
  require(axis >= 0 && axis < out.rank, "slice: the axis does not exist");
  copyRange(out, call.inputs[0], axis, 0, call.ints[1], out.dims[axis], team);
}

void concatenate(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const int axis = call.ints[0];
  int64_t position = 0;
  for (int i = 0; i < call.inputCount; i++) {
    const Operand& x = call.inputs[i];
    require(axis >= 0 && axis < x.rank, "concatenate: the axis does not exist");
    copyRange(out, x, axis, position, 0, x.dims[axis], team);
    position += x.dims[axis];
  }
  require(position == out.dims[axis], "concatenate: sizes do not add up");
}

}  // namespace glossa::GLOSSA_LEVEL
