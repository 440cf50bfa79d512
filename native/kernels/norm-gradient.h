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
// norms' gradients; what follows them in the same walk (residual, rounding, sum, pack) is then no pass of its own.
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

  // What the elements of a row are made with.
  struct RowTerms {
    int64_t from, gradientFrom;
    F32x16 center, scale, level, slope;
  };

  template <class Load> F32x16 normal(const RowTerms& row, const Load& x, int64_t column, int lanes) const {
    const F32x16 value = x(row.from + column, lanes);
    return (centered ? value - row.center : value) * row.scale;
  }

  // One row after the other: side by side, as in layerNorm, their two streams each were slower to come.
  template <class LoadX, class LoadDy> RowTerms termsOf(int64_t index, const LoadX& x, const LoadDy& dy) const {
    RowTerms row{rows_.start(index), gradientRows_.start(index), zero(), broadcast(deviations_[index]), zero(), zero()};
    if (centered) row.center = broadcast(means_[index]);
    float totals[2];
    laneSums<2>(
        rows_.width,
        [&](int64_t column, int lanes, F32x16(&values)[2]) {
          values[0] = dy(row.gradientFrom + column, lanes) * loadLanes(weight_, column, lanes);
          values[1] = values[0] * normal(row, x, column, lanes);
        },
        totals);
    const float width = static_cast<float>(rows_.width);
    if (centered) row.level = broadcast(totals[0] / width);
    row.slope = broadcast(totals[1] / width);
    return row;
  }

  template <class LoadX, class LoadDy>
  void runBlock(int64_t block, const LoadX& x, const LoadDy& dy, void* scratch) const {
    const int64_t first = block * rowsPerBlock, count = std::min(rowsPerBlock, rows_.count - first);
    RowTerms rows[rowsPerBlock];
    for (int64_t i = 0; i < count; i++) rows[i] = termsOf(first + i, x, dy);
    alignas(64) float made[rowsPerBlock * groupColumns];
    for (int64_t column = 0; column < rows_.width; column += groupColumns) {
      const int64_t columns = std::min<int64_t>(groupColumns, rows_.width - column);
      if (finish_) finish_->fetch(first, count, column, columns);
      for (int vector = 0; vector < groupVectors; vector++) {
        const int64_t at = column + vector * vectorLanes;
        const int lanes = static_cast<int>(std::clamp<int64_t>(rows_.width - at, 0, vectorLanes));
        makeColumns(rows, count, block, at, lanes, x, dy, made + vector * vectorLanes);
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

  // Sixteen columns of a block: dx to `made`, groupColumns apart, zeros behind the last column; the sums to their
  // partials.
  template <class LoadX, class LoadDy>
  void makeColumns(const RowTerms* rows, int64_t count, int64_t block, int64_t column, int lanes, const LoadX& loadX,
                   const LoadDy& loadDy, float* made) const {
    F32x16 totals[sums];
    for (int sum = 0; sum < sums; sum++) totals[sum] = zero();
    const F32x16 weight = lanes > 0 ? loadLanes(weight_, column, lanes) : zero();
    for (int64_t i = 0; i < count; i++) {
      if (lanes == 0) {
        store(made + i * groupColumns, zero());
        continue;
      }
      const RowTerms& row = rows[i];
      const F32x16 n = normal(row, loadX, column, lanes), dy = loadDy(row.gradientFrom + column, lanes);
      const F32x16 g = dy * weight;
      const F32x16 dx = row.scale * fma(negate(n), row.slope, centered ? g - row.level : g);
      store(made + i * groupColumns, lanes < vectorLanes ? select(firstLanes(lanes), dx, zero()) : dx);
      totals[0] = totals[0] + dy * n;
      if (centered) totals[sums - 1] = totals[sums - 1] + dy;
    }
    for (int sum = 0; sum < sums; sum++)
      if (lanes > 0) store(partials_[sum] + block * rows_.width + column, totals[sum], lanes);
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
