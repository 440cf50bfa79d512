// The gradients of layerNorm and rmsNorm, all of one norm in one walk over rows.
//
//   dx, dweight, dbias?, bytes | x, weight, mean?, reciprocalDeviation, dy, accumulatorWeight?, accumulatorBias?
//
// With n = (x − mean) · reciprocalDeviation and g = dy · weight
//   dx      = reciprocalDeviation · (g − sum(g) / width − n · sum(g n) / width)   both sums: 16 lanes, the fixed tree
//   dweight = accumulator (or zero) + sum over rows of dy · n                     both: blocks of 32 rows (reduce.h)
//   dbias   = accumulator (or zero) + sum over rows of dy
// rmsNorm has no mean, no sum(g) and no dbias. The bytes take partials: 4 · width for each block of 32 rows and sum over
// rows.
//
// With ints (operands of the norm, then the words of an ElementwiseFinish) dx passes through more steps before it is
// written: the outputs are the finish's, then dweight, dbias? and bytes; the inputs after the norm's are the finish's.
//
// Work is split by blocks of 32 rows: first the sums of each row, then groups of 32 columns of all rows, still in the
// second cache, with the sums over rows in registers. That took a step of `bench train --preset small` from 41 to 30 ms in
// norms' gradients; what follows them in the same walk (residual, rounding, sum, pack) is then no pass of its own. Both
// vectors of a group at once, and divisions of all rows together: a sixth less.
#pragma once

#include <optional>

#include "elementwise-finish.h"
#include "reduce.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

template <bool centered> class NormGradient {
 public:
  explicit NormGradient(const Call& call)
      : operands_(call.intCount > 0 ? call.ints[0] : call.inputCount),
        x_(call.inputs[0]),
        weight_(call.inputs[1]),
        means_(centered ? call.inputs[2].as<float>() : nullptr),
        deviations_(call.inputs[plainOperands - 2].as<float>()),
        dy_(call.inputs[plainOperands - 1]),
        rows_(x_),
        gradientRows_(dy_) {
    require(operands_ == plainOperands || operands_ == plainOperands + sums, "normGradient: operands do not fit");
    require(operands_ <= call.inputCount && rows_.count == gradientRows_.count && rows_.width == gradientRows_.width,
            "normGradient: shapes differ");
    if (call.intCount > 0) finish_.emplace(call, 1, operands_, 1, rows_.count, rows_.width);
    else dx_ = &call.outputs[0];
    const int first = finish_ ? finish_->outputs() : 1;
    require(call.outputCount == first + sums + 1, "normGradient: outputs do not fit");
    blocks_ = ceilDivide(rows_.count, rowsPerBlock);
    const Operand& room = call.outputs[first + sums];
    require(room.elements() >= sums * blocks_ * rows_.width * 4, "normGradient: no room for partials");
    for (int sum = 0; sum < sums; sum++) {
      require(call.outputs[first + sum].elements() == rows_.width, "normGradient: outputs differ");
      partials_[sum] = room.as<float>() + sum * blocks_ * rows_.width;
      const float* from = operands_ > plainOperands ? call.inputs[plainOperands + sum].as<float>() : nullptr;
      sums_[sum] = {from, call.outputs[first + sum].as<float>()};
    }
  }

  void run(Team& team) const {
    withLoader(x_, [&](const auto& x) {
      withLoader(dy_, [&](const auto& dy) {
        forRanges(team, blocks_, rowsPerBlock * rows_.width * 2, [&](int64_t begin, int64_t end, int worker) {
          for (int64_t block = begin; block < end; block++) runBlock(block, x, dy, team.scratch(worker));
        });
      });
    });
    constexpr int64_t stripColumns = 256;
    forRanges(team, ceilDivide(rows_.width, stripColumns), blocks_ * stripColumns, [&](int64_t begin, int64_t end, int) {
      const int64_t first = begin * stripColumns, columns = std::min(rows_.width, end * stripColumns) - first;
      for (int sum = 0; sum < sums; sum++) {
        const auto& [from, out] = sums_[sum];
        addBlocks(partials_[sum] + first, blocks_, rows_.width, columns, from == nullptr ? nullptr : from + first,
                  out + first);
      }
    });
    if (finish_) finish_->end(team);
  }

 private:
  static constexpr int plainOperands = centered ? 5 : 4;
  // Sums over rows: dweight and, of a centered norm, dbias.
  static constexpr int sums = centered ? 2 : 1;
  static constexpr int groupVectors = groupColumns / vectorLanes;

  // What the elements of a block's rows are made with: where they lie, and the numbers of each row.
  struct RowTerms {
    int64_t from[rowsPerBlock], gradientFrom[rowsPerBlock];
    float center[rowsPerBlock], scale[rowsPerBlock], level[rowsPerBlock], slope[rowsPerBlock];
  };

  static F32x16 normal(F32x16 x, const RowTerms& rows, int64_t i) {
    return (centered ? x - broadcast(rows.center[i]) : x) * broadcast(rows.scale[i]);
  }

  // One row after the other: side by side, as in layerNorm, their two streams each were slower to come.
  template <class LoadX, class LoadDy>
  RowTerms termsOf(int64_t first, int64_t count, const LoadX x, const LoadDy dy) const {
    RowTerms rows{};
    const Operand weight = weight_;
    for (int64_t i = 0; i < count; i++) {
      const int64_t from = rows.from[i] = rows_.start(first + i);
      const int64_t gradientFrom = rows.gradientFrom[i] = gradientRows_.start(first + i);
      if (centered) rows.center[i] = means_[first + i];
      rows.scale[i] = deviations_[first + i];
      float totals[2];
      laneSums<2>(
          rows_.width,
          [&](int64_t column, int lanes, F32x16(&values)[2]) {
            values[0] = dy(gradientFrom + column, lanes) * loadLanes(weight, column, lanes);
            values[1] = values[0] * normal(x(from + column, lanes), rows, i);
          },
          totals);
      rows.level[i] = totals[0];
      rows.slope[i] = totals[1];
    }
    const F32x16 width = broadcast(static_cast<float>(rows_.width));
    for (int64_t i = 0; i < rowsPerBlock; i += vectorLanes) {
      store(rows.level + i, centered ? load(rows.level + i) / width : zero());
      store(rows.slope + i, load(rows.slope + i) / width);
    }
    return rows;
  }

  template <class LoadX, class LoadDy>
  void runBlock(int64_t block, const LoadX& x, const LoadDy& dy, void* scratch) const {
    const int64_t first = block * rowsPerBlock, count = std::min(rowsPerBlock, rows_.count - first);
    const RowTerms rows = termsOf(first, count, x, dy);
    alignas(64) float made[rowsPerBlock * groupColumns];
    for (int64_t column = 0; column < rows_.width; column += groupColumns) {
      const int64_t columns = std::min<int64_t>(groupColumns, rows_.width - column);
      if (finish_) finish_->fetch(first, count, column, columns);
      if (columns == groupColumns) {
        makeColumns<groupVectors>(rows, count, block, column, vectorLanes, x, dy, made);
      } else {
        std::fill_n(made, rowsPerBlock * groupColumns, 0.0f);
        for (int64_t j = 0; j < columns; j += vectorLanes)
          makeColumns<1>(rows, count, block, column + j, lanesFrom(j, columns), x, dy, made + j);
      }
      if (finish_) {
        finish_->write(first, count, column, columns, made, scratch);
        continue;
      }
      const Rows outRows(*dx_);
      for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < columns; j += vectorLanes)
          storeLanes(*dx_, outRows.start(first + i) + column + j, load(made + i * groupColumns + j),
                     lanesFrom(j, columns));
    }
  }

  // Some vectors of columns of a block, all whole or one of `lanes`: dx to `made`, groupColumns apart, the sums to their
  // partials. Two at once read whole lines of memory side by side and each row's numbers once.
  template <int vectors, class LoadX, class LoadDy>
  void makeColumns(const RowTerms& rows, int64_t count, int64_t block, int64_t column, int lanes, const LoadX loadX,
                   const LoadDy loadDy, float* made) const {
    F32x16 totals[vectors][sums], weight[vectors];
    const auto lanesOf = [lanes] { return vectors > 1 ? vectorLanes : lanes; };
    _Pragma("GCC unroll 2") for (int v = 0; v < vectors; v++) {
      weight[v] = loadLanes(weight_, column + v * vectorLanes, lanesOf());
      for (int sum = 0; sum < sums; sum++) totals[v][sum] = zero();
    }
    for (int64_t i = 0; i < count; i++) {
      const F32x16 level = broadcast(rows.level[i]), slope = broadcast(rows.slope[i]), scale = broadcast(rows.scale[i]);
      _Pragma("GCC unroll 2") for (int v = 0; v < vectors; v++) {
        const int64_t at = column + v * vectorLanes;
        const F32x16 n = normal(loadX(rows.from[i] + at, lanesOf()), rows, i);
        const F32x16 dy = loadDy(rows.gradientFrom[i] + at, lanesOf()), g = dy * weight[v];
        const F32x16 dx = scale * fma(negate(n), slope, centered ? g - level : g);
        store(made + i * groupColumns + v * vectorLanes, vectors > 1 ? dx : select(firstLanes(lanes), dx, zero()));
        totals[v][0] = totals[v][0] + dy * n;
        if (centered) totals[v][sums - 1] = totals[v][sums - 1] + dy;
      }
    }
    for (int v = 0; v < vectors; v++)
      for (int sum = 0; sum < sums; sum++)
        store(partials_[sum] + block * rows_.width + column + v * vectorLanes, totals[v][sum], lanesOf());
  }

  int operands_;
  const Operand& x_;
  const Operand& weight_;
  const float* means_;
  const float* deviations_;
  const Operand& dy_;
  Rows rows_, gradientRows_;
  const Operand* dx_ = nullptr;
  std::optional<ElementwiseFinish> finish_;
  int64_t blocks_;
  float* partials_[sums];
  ColumnSums sums_[sums];
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
