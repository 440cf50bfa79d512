// rmsNorm over the last axis: y = x · reciprocalRms · weight, reciprocalRms = 1 / sqrt(sum(x²) / width + epsilon).
//
//   y, reciprocalRms[rows, 1] | x[rows, width], weight      floats: epsilon
//
// The sum: 16 lanes, partials of 4,096, the fixed tree. Work is split by rows.
#include <cmath>

#include "reduce.h"

namespace glossa::GLOSSA_LEVEL {

void rmsNorm(const Call& call, Team& team) {
  const Operand& y = call.outputs[0];
  float* reciprocals = call.outputs[1].as<float>();
  const Operand& x = call.inputs[0];
  const Operand& weight = call.inputs[1];
  const float epsilon = static_cast<float>(call.floats[0]);
  const Rows rows(x), outRows(y);
  require(rows.count == outRows.count && rows.width == outRows.width, "rmsNorm: shapes differ");
  const float width = static_cast<float>(rows.width);
  forRanges(team, rows.count, rows.width * 2, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t from = rows.start(row), to = outRows.start(row);
      const auto value = [&](int64_t index, int lanes) { return loadLanes(x, from + index, lanes); };
      const float squares = laneSum(rows.width, [&](int64_t index, int lanes) {
        const F32x16 lane = value(index, lanes);
        return lane * lane;
      });
      const float reciprocal = 1.0f / std::sqrt(squares / width + epsilon);
      const F32x16 scale = broadcast(reciprocal);
      for (int64_t index = 0; index < rows.width; index += vectorLanes) {
        const int lanes = lanesFrom(index, rows.width);
        storeLanes(y, to + index, (value(index, lanes) * scale) * loadLanes(weight, index, lanes), lanes);
      }
      reciprocals[row] = reciprocal;
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
