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

// layerNormGradient: with n = (x − mean) · reciprocalDeviation and g = dy · weight,
// dx = reciprocalDeviation · (g − sum(g) / width − n · sum(g n) / width).
//
//   dx | x, weight, mean, reciprocalDeviation, dy
void layerNormGradient(const Call& call, Team& team) {
  const Operand& dx = call.outputs[0];
  const Operand& x = call.inputs[0];
  const Operand& weight = call.inputs[1];
  const float* means = call.inputs[2].as<float>();
  const float* deviations = call.inputs[3].as<float>();
  const Operand& dy = call.inputs[4];
  const Rows rows(x), gradientRows(dy), outRows(dx);
  require(rows.count == outRows.count && rows.count == gradientRows.count && rows.width == outRows.width &&
              rows.width == gradientRows.width,
          "layerNormGradient: shapes differ");
  const float width = static_cast<float>(rows.width);
  forRanges(team, rows.count, rows.width * 2, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t from = rows.start(row), gradientFrom = gradientRows.start(row), to = outRows.start(row);
      const F32x16 center = broadcast(means[row]), scale = broadcast(deviations[row]);
      const auto normal = [&](int64_t index, int lanes) { return (loadLanes(x, from + index, lanes) - center) * scale; };
      const auto gradient = [&](int64_t index, int lanes) {
        return loadLanes(dy, gradientFrom + index, lanes) * loadLanes(weight, index, lanes);
      };
      const F32x16 level = broadcast(laneSum(rows.width, gradient) / width);
      const F32x16 slope = broadcast(
          laneSum(rows.width, [&](int64_t index, int lanes) { return gradient(index, lanes) * normal(index, lanes); }) /
          width);
      for (int64_t index = 0; index < rows.width; index += vectorLanes) {
        const int lanes = lanesFrom(index, rows.width);
        const F32x16 rest = gradient(index, lanes) - level;
        storeLanes(dx, to + index, scale * fma(negate(normal(index, lanes)), slope, rest), lanes);
      }
    }
  });
}

// layerNormWeightGradient: dweight = sum over rows of dy · n, dbias = sum over rows of dy, in blocks of 32 rows.
//
//   dweight, dbias? | x, mean, reciprocalDeviation, dy, accumulatorWeight?, accumulatorBias?
//
// Work is split by columns.
void layerNormWeightGradient(const Call& call, Team& team) {
  const Operand& dweight = call.outputs[0];
  const Operand* dbias = call.outputCount > 1 && call.outputs[1].present() ? &call.outputs[1] : nullptr;
  const Operand& x = call.inputs[0];
  const float* means = call.inputs[1].as<float>();
  const float* deviations = call.inputs[2].as<float>();
  const Operand& dy = call.inputs[3];
  const float* weightStart = call.inputCount > 4 ? call.inputs[4].as<float>() : nullptr;
  const float* biasStart = call.inputCount > 5 ? call.inputs[5].as<float>() : nullptr;
  const Rows rows(x), gradientRows(dy);
  require(rows.count == gradientRows.count && rows.width == gradientRows.width && dweight.elements() == rows.width,
          "layerNormWeightGradient: shapes differ");
  const int64_t width = stripWidth(rows.width, team.size());
  const int64_t strips = (rows.width + width - 1) / width;
  forRanges(team, strips, rows.count * width, [&](int64_t first, int64_t last, int) {
    for (int64_t strip = first; strip < last; strip++) {
      const int64_t begin = strip * width, end = std::min(rows.width, begin + width);
      const auto gradient = [&](int64_t row, int64_t column, int lanes) {
        return loadLanes(dy, gradientRows.start(row) + column, lanes);
      };
      const auto toWeight = [&](int64_t row, int64_t column, int lanes, F32x16 gradients) {
        const F32x16 distance = loadLanes(x, rows.start(row) + column, lanes) - broadcast(means[row]);
        return gradients * (distance * broadcast(deviations[row]));
      };
      const ColumnSums weight{weightStart, dweight.as<float>()};
      if (dbias == nullptr) {
        rowBlockSums(rows.count, begin, end, {weight}, [&](int64_t row, int64_t column, int lanes, F32x16(&values)[1]) {
          values[0] = toWeight(row, column, lanes, gradient(row, column, lanes));
        });
        continue;
      }
      rowBlockSums(rows.count, begin, end, {weight, {biasStart, dbias->as<float>()}},
                   [&](int64_t row, int64_t column, int lanes, F32x16(&values)[2]) {
                     values[1] = gradient(row, column, lanes);
                     values[0] = toWeight(row, column, lanes, values[1]);
                   });
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
