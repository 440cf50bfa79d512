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

// rmsNormGradient: with n = x · reciprocalRms and g = dy · weight, dx = reciprocalRms · (g − n · sum(g n) / width).
//
//   dx | x, weight, reciprocalRms, dy
void rmsNormGradient(const Call& call, Team& team) {
  const Operand& dx = call.outputs[0];
  const Operand& x = call.inputs[0];
  const Operand& weight = call.inputs[1];
  const float* reciprocals = call.inputs[2].as<float>();
  const Operand& dy = call.inputs[3];
  const Rows rows(x), gradientRows(dy), outRows(dx);
  require(rows.count == outRows.count && rows.count == gradientRows.count && rows.width == outRows.width &&
              rows.width == gradientRows.width,
          "rmsNormGradient: shapes differ");
  const float width = static_cast<float>(rows.width);
  forRanges(team, rows.count, rows.width * 2, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t from = rows.start(row), gradientFrom = gradientRows.start(row), to = outRows.start(row);
      const F32x16 scale = broadcast(reciprocals[row]);
      const auto normal = [&](int64_t index, int lanes) { return loadLanes(x, from + index, lanes) * scale; };
      const auto gradient = [&](int64_t index, int lanes) {
        return loadLanes(dy, gradientFrom + index, lanes) * loadLanes(weight, index, lanes);
      };
      const F32x16 slope = broadcast(
          laneSum(rows.width, [&](int64_t index, int lanes) { return gradient(index, lanes) * normal(index, lanes); }) /
          width);
      for (int64_t index = 0; index < rows.width; index += vectorLanes) {
        const int lanes = lanesFrom(index, rows.width);
        const F32x16 rest = fma(negate(normal(index, lanes)), slope, gradient(index, lanes));
        storeLanes(dx, to + index, scale * rest, lanes);
      }
    }
  });
}

// rmsNormWeightGradient: dweight = accumulator + sum over rows of dy · n, in blocks of 32 rows.
//
//   dweight | x, reciprocalRms, dy, accumulator?
//
// Work is split by columns.
void rmsNormWeightGradient(const Call& call, Team& team) {
  const Operand& dweight = call.outputs[0];
  const Operand& x = call.inputs[0];
  const float* reciprocals = call.inputs[1].as<float>();
  const Operand& dy = call.inputs[2];
  const float* accumulator = call.inputCount > 3 ? call.inputs[3].as<float>() : nullptr;
  const Rows rows(x), gradientRows(dy);
  require(rows.count == gradientRows.count && rows.width == gradientRows.width && dweight.elements() == rows.width,
          "rmsNormWeightGradient: shapes differ");
  const int64_t width = stripWidth(rows.width, team.size());
  const int64_t strips = (rows.width + width - 1) / width;
  forRanges(team, strips, rows.count * width, [&](int64_t first, int64_t last, int) {
    for (int64_t strip = first; strip < last; strip++) {
      const int64_t begin = strip * width, end = std::min(rows.width, begin + width);
      rowBlockSums(rows.count, begin, end, {{accumulator, dweight.as<float>()}},
                   [&](int64_t row, int64_t column, int lanes, F32x16(&values)[1]) {
                     const F32x16 normal = loadLanes(x, rows.start(row) + column, lanes) * broadcast(reciprocals[row]);
                     values[0] = loadLanes(dy, gradientRows.start(row) + column, lanes) * normal;
                   });
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
