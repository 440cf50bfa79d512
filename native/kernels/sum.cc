// sum: out = accumulator + the sum of x along one axis, kept as an axis of size 1.
//
//   out | x, accumulator?      ints: axis
//
// The first axis, or any axis with elements behind it: blocks of 32 along the axis, each ascending from zero, added
// ascending to the accumulator (or zero), which may be `out` itself. Otherwise (the elements to add lie side by side):
// 16 lanes, partials of 4,096, the fixed tree. Work is split by blocks or by rows of the result.
#include "reduce.h"

namespace glossa::GLOSSA_LEVEL {

namespace {

// The partials of blocks [first, last), counted through all slices of the axis, for `columns` columns from `left` on.
void sumBlocks(Team& team, const AxisView& view, int64_t blocks, int64_t first, int64_t last, int64_t left,
               int64_t columns, const Operand& x, float* partials) {
  forRanges(team, last - first, std::min(view.count, rowsPerBlock) * columns, [&](int64_t begin, int64_t end, int) {
    for (int64_t index = first + begin; index < first + end; index++) {
      const int64_t start = view.start(index / blocks, 0) + left, row = index % blocks * rowsPerBlock;
      const auto terms = [&](int64_t at, int64_t column, int lanes, F32x16(&values)[1]) {
        values[0] = loadLanes(x, start + at * view.step() + column, lanes);
      };
      sumBlock<1>(row, std::min(view.count, row + rowsPerBlock), 0, columns, terms,
                  partials + (index - first) * columns, columns);
    }
  });
}

}  // namespace

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

  // Partials of as many blocks as fit lie in the first worker's scratch, for some columns at a time.
  constexpr int64_t mostColumns = 1 << 15;
  const int64_t blocks = (view.count + rowsPerBlock - 1) / rowsPerBlock;
  auto* const partials = static_cast<float*>(team.scratch(0));
  for (int64_t left = 0; left < view.inner; left += mostColumns) {
    const int64_t columns = std::min(mostColumns, view.inner - left);
    const int64_t most = static_cast<int64_t>(Team::scratchBytes / sizeof(float)) / columns;
    const auto addUp = [&](int64_t outer, const float* from, int64_t count, bool starts) {
      float* const to = out.as<float>() + outView.start(outer, 0) + left;
      const float* const start = accumulatorAt(outer);
      addBlocks(from, count, columns, columns, !starts ? to : start == nullptr ? nullptr : start + left, to);
    };
    if (blocks == 0) {
      for (int64_t outer = 0; outer < view.outer; outer++) addUp(outer, nullptr, 0, true);
      continue;
    }
    const int64_t all = view.outer * blocks;
    for (int64_t base = 0; base < all; base += most) {
      const int64_t last = std::min(all, base + most);
      sumBlocks(team, view, blocks, base, last, left, columns, x, partials);
      const int64_t firstOuter = base / blocks, outers = (last - 1) / blocks + 1 - firstOuter;
      forRanges(team, outers, std::min(blocks, last - base) * columns, [&](int64_t begin, int64_t end, int) {
        for (int64_t outer = firstOuter + begin; outer < firstOuter + end; outer++) {
          const int64_t from = std::max(base, outer * blocks), to = std::min(last, (outer + 1) * blocks);
          addUp(outer, partials + (from - base) * columns, to - from, from == outer * blocks);
        }
      });
    }
  }
}

}  // namespace glossa::GLOSSA_LEVEL
