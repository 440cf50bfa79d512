// layerNorm over the last axis: y = (x − mean) · reciprocalDeviation · weight + bias,
// reciprocalDeviation = 1 / sqrt(variance + epsilon), variance = sum((x − mean)²) / width.
//
//   y, mean[rows, 1], reciprocalDeviation[rows, 1] | x[rows, width], weight, bias?      floats: epsilon
//
// Both sums: 16 lanes, partials of 4,096, the fixed tree. The last step is one fma. Work is split by rows.
#include <cmath>

#include "reduce.h"

namespace glossa::GLOSSA_LEVEL {

void layerNorm(const Call& call, Team& team) {
  const Operand& y = call.outputs[0];
  float* means = call.outputs[1].as<float>();
  float* deviations = call.outputs[2].as<float>();
  const Operand& x = call.inputs[0];
  const Operand& weight = call.inputs[1];
  const Operand* bias = call.inputCount > 2 && call.inputs[2].present() ? &call.inputs[2] : nullptr;
  const float epsilon = static_cast<float>(call.floats[0]);
  const Rows rows(x), outRows(y);
  require(rows.count == outRows.count && rows.width == outRows.width, "layerNorm: shapes differ");
  const float width = static_cast<float>(rows.width);
  forRanges(team, rows.count, rows.width * 2, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t from = rows.start(row), to = outRows.start(row);
      const auto value = [&](int64_t index, int lanes) { return loadLanes(x, from + index, lanes); };
      const float mean = laneSum(rows.width, value) / width;
      const F32x16 center = broadcast(mean);
      const float squares = laneSum(rows.width, [&](int64_t index, int lanes) {
        const F32x16 distance = value(index, lanes) - center;
        return distance * distance;
      });
      const float reciprocal = 1.0f / std::sqrt(squares / width + epsilon);
      const F32x16 scale = broadcast(reciprocal);
      for (int64_t index = 0; index < rows.width; index += vectorLanes) {
        const int lanes = lanesFrom(index, rows.width);
        const F32x16 normal = (value(index, lanes) - center) * scale;
        const F32x16 shift = bias == nullptr ? zero() : loadLanes(*bias, index, lanes);
        storeLanes(y, to + index, fma(normal, loadLanes(weight, index, lanes), shift), lanes);
      }
      means[row] = mean;
      deviations[row] = reciprocal;
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
