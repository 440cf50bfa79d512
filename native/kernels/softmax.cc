// softmax over the last axis: y = exp(x − max) / sum(exp(x − max)).
//
//   out | x
//
// The sum: 16 lanes, partials of 4,096, the fixed tree. Work is split by rows.
#include "../simd/math.h"
#include "reduce.h"

namespace glossa::GLOSSA_LEVEL {

void softmax(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& x = call.inputs[0];
  const Rows rows(x), outRows(out);
  require(rows.count == outRows.count && rows.width == outRows.width, "softmax: shapes differ");
  forRanges(team, rows.count, rows.width * 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t from = rows.start(row), to = outRows.start(row);
      const auto value = [&](int64_t index, int lanes) { return loadLanes(x, from + index, lanes); };
      const F32x16 largest = broadcast(laneMaximum(rows.width, value));
      const auto power = [&](int64_t index, int lanes) { return exp(value(index, lanes) - largest); };
      const F32x16 total = broadcast(laneSum(rows.width, power));
      for (int64_t index = 0; index < rows.width; index += vectorLanes) {
        const int lanes = lanesFrom(index, rows.width);
        storeLanes(out, to + index, power(index, lanes) / total, lanes);
      }
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
