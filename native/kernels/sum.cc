// sum: out = accumulator + the sum of x along one axis, kept as an axis of size 1.
//
//   out | x, accumulator?      ints: axis
//
// The first axis, or any axis with elements behind it: blocks of 32 along the axis, each ascending from zero, added
// ascending to the accumulator (or zero), which may be `out` itself. Otherwise (the elements to add lie side by side):
// 16 lanes, partials of 4,096, the fixed tree. Work is split by columns or by rows of the result.
#include "reduce.h"

namespace glossa::GLOSSA_LEVEL {

void sum(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& x = call.inputs[0];
  const int axis = call.ints[0];
  const AxisView view(x, axis);
  const AxisView outView(out, axis);
  require(outView.outer == view.outer && outView.inner == view.inner && outView.count == 1, "sum: shapes differ");
  const Operand* accumulator = call.inputCount > 1 && call.inputs[1].present() ? &call.inputs[1] : nullptr;
  const auto accumulatorAt = [&](int64_t outer) {
    return accumulator == nullptr ? nullptr : accumulator->as<float>() + AxisView(*accumulator, axis).start(outer, 0);
  };

  if (axis > 0 && view.inner == 1) {
    forRanges(team, view.outer, view.count, [&](int64_t begin, int64_t end, int) {
      for (int64_t outer = begin; outer < end; outer++) {
        const int64_t start = view.start(outer, 0);
        const float total =
            laneSum(view.count, [&](int64_t index, int lanes) { return loadLanes(x, start + index, lanes); });
        const float* from = accumulatorAt(outer);
        out.as<float>()[outView.start(outer, 0)] = from == nullptr ? total : *from + total;
      }
    });
    return;
  }

  const int64_t width = stripWidth(view.inner, view.outer > 1 ? 1 : team.size());
  const int64_t strips = (view.inner + width - 1) / width;
  forRanges(team, view.outer * strips, view.count * std::min(view.inner, width), [&](int64_t first, int64_t last, int) {
    for (int64_t task = first; task < last; task++) {
      const int64_t outer = task / strips, start = view.start(outer, 0);
      const int64_t begin = task % strips * width, end = std::min(view.inner, begin + width);
      const ColumnSums sums[] = {{accumulatorAt(outer), out.as<float>() + outView.start(outer, 0)}};
      rowBlockSums(view.count, begin, end, sums, [&](int64_t row, int64_t column, int lanes, F32x16(&values)[1]) {
        values[0] = loadLanes(x, start + row * view.step() + column, lanes);
      });
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
