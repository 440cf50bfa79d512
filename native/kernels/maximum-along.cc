// maximumAlong: the largest element along one axis, kept as an axis of size 1; NaN where any is NaN, −infinity where
// the axis is empty.
//
//   out | x      ints: axis
//
// Work is split by the elements of the result.
#include "reduce.h"

namespace glossa::GLOSSA_LEVEL {

void maximumAlong(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& x = call.inputs[0];
  const AxisView view(x, call.ints[0]);
  const AxisView outView(out, call.ints[0]);
  require(outView.outer == view.outer && outView.inner == view.inner, "maximumAlong: shapes differ");

  if (view.inner == 1 && view.step() == 1) {
    forRanges(team, view.outer, view.count, [&](int64_t begin, int64_t end, int) {
      for (int64_t outer = begin; outer < end; outer++) {
        const int64_t start = view.start(outer, 0);
        out.as<float>()[outView.start(outer, 0)] =
            laneMaximum(view.count, [&](int64_t index, int lanes) { return loadLanes(x, start + index, lanes); });
      }
    });
    return;
  }

  const int64_t vectors = (view.inner + vectorLanes - 1) / vectorLanes;
  forRanges(team, view.outer * vectors, view.count * vectorLanes, [&](int64_t first, int64_t last, int) {
    for (int64_t task = first; task < last; task++) {
      const int64_t outer = task / vectors;
      const int64_t column = task % vectors * vectorLanes;
      const int lanes = lanesFrom(column, view.inner);
      F32x16 largest = broadcast(-std::numeric_limits<float>::infinity());
      for (int64_t position = 0; position < view.count; position++) {
        largest = maximumOrNaN(largest, loadLanes(x, view.start(outer, position) + column, lanes));
      }
      storeLanes(out, outView.start(outer, 0) + column, largest, lanes);
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
