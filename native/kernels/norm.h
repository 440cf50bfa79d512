// layerNorm and rmsNorm over the last axis.
//
//   y, mean[rows, 1]?, reciprocalDeviation[rows, 1] | x[rows, width], weight, bias?      floats: epsilon
//
//   layerNorm  y = (x − mean) · reciprocalDeviation · weight + bias, the last step one fma;
//              reciprocalDeviation = 1 / sqrt(sum((x − mean)²) / width + epsilon)
//   rmsNorm    the same with mean 0, and neither mean nor bias
//
// Sums: 16 lanes, partials of 4,096, the fixed tree. Work is split by rows. Four rows go side by side, so that their
// sums do not wait for their own additions: a third faster for rows of 128 numbers, a fifth for rows of 768. Whole vectors
// and types known when compiled: another quarter to a third.
#pragma once

#include <cmath>

#include "reduce.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

template <bool centered> class Norm {
 public:
  explicit Norm(const Call& call)
      : x_(call.inputs[0]),
        weight_(call.inputs[1]),
        bias_(centered && call.inputCount > 2 && call.inputs[2].present() ? &call.inputs[2] : nullptr),
        y_(call.outputs[0]),
        means_(centered ? call.outputs[1].as<float>() : nullptr),
        deviations_(call.outputs[centered ? 2 : 1].as<float>()),
        epsilon_(static_cast<float>(call.floats[0])),
        rows_(x_),
        outRows_(y_) {
    require(rows_.count == outRows_.count && rows_.width == outRows_.width, "norm: shapes differ");
  }

  void run(Team& team) const {
    withLoader(x_, [&](const auto& x) {
      withStorer(y_, [&](const auto& y) {
        forRanges(team, rows_.count, rows_.width * 2, [&](int64_t begin, int64_t end, int) {
          int64_t row = begin;
          for (; row + rowsAbreast <= end; row += rowsAbreast) normalize<rowsAbreast>(row, x, y);
          for (; row < end; row++) normalize<1>(row, x, y);
        });
      });
    });
  }

 private:
  static constexpr int rowsAbreast = 4;

  // What the loops read is copied, so that it may stay in registers whatever they store.
  template <int count, class Load, class Store> void normalize(int64_t first, const Load x, const Store y) const {
    const int64_t elements = rows_.width;
    const float width = static_cast<float>(elements);
    int64_t from[count], to[count];
    F32x16 center[count], scale[count];
    float totals[count];
    for (int i = 0; i < count; i++) from[i] = rows_.start(first + i), to[i] = outRows_.start(first + i);
    if constexpr (centered) {
      laneSums<count>(
          elements,
          [&](int64_t index, int lanes, F32x16(&values)[count]) {
            _Pragma("GCC unroll 4") for (int i = 0; i < count; i++) values[i] = x(from[i] + index, lanes);
          },
          totals);
      for (int i = 0; i < count; i++) center[i] = broadcast(means_[first + i] = totals[i] / width);
    }
    const auto distance = [&](int i, int64_t index, int lanes) {
      const F32x16 value = x(from[i] + index, lanes);
      if constexpr (centered) return value - center[i];
      else return value;
    };
    laneSums<count>(
        elements,
        [&](int64_t index, int lanes, F32x16(&values)[count]) {
          _Pragma("GCC unroll 4") for (int i = 0; i < count; i++) {
            const F32x16 value = distance(i, index, lanes);
            values[i] = value * value;
          }
        },
        totals);
    for (int i = 0; i < count; i++)
      scale[i] = broadcast(deviations_[first + i] = 1.0f / std::sqrt(totals[i] / width + epsilon_));
    const Operand weights = weight_, biases = bias_ == nullptr ? Operand{} : *bias_;
    forVectors(elements, [&](int64_t index, int lanes) {
      const F32x16 weight = loadLanes(weights, index, lanes);
      const F32x16 bias = biases.present() ? loadLanes(biases, index, lanes) : zero();
      _Pragma("GCC unroll 4") for (int i = 0; i < count; i++) {
        const F32x16 normal = distance(i, index, lanes) * scale[i];
        y(to[i] + index, centered ? fma(normal, weight, bias) : normal * weight, lanes);
      }
    });
  }

  const Operand& x_;
  const Operand& weight_;
  const Operand* bias_;
  const Operand& y_;
  float* means_;
  float* deviations_;
  float epsilon_;
  Rows rows_, outRows_;
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
