// Kernel `logSumExp`: out[…, 1] = log(Σ exp(x)) along the last axis (log-sum-exp.h). Threads split rows.
#include "log-sum-exp.h"

#include <algorithm>

#include "kernels.h"
#include "pack.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

float rowLogSumExp(const float* row, int64_t count) {
  ExponentialSum running;
  for (int64_t i = 0; i < count; i += logSumExpChunk)
    running.join(sumExponentials(row + i, std::min(logSumExpChunk, count - i)));
  return running.logarithm();
}

void logSumExp(const Call& call, Team& team) {
  const Operand& x = call.inputs[0];
  const int64_t width = x.rank == 0 ? 1 : x.dims[x.rank - 1];
  const int64_t rows = call.outputs[0].elements();
  // rowStride steps along the first axis; the rows of one step of it lie one after the other.
  const int64_t rowsPerStep = x.rank > 1 ? std::max<int64_t>(1, rows / std::max<int64_t>(1, x.dims[0])) : rows;
  const int64_t stride = x.rowStride > 0 ? x.rowStride : rowsPerStep * width;
  const int64_t rowsPerTask = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, width));
  team.forEach(ceilDivide(rows, rowsPerTask), [&](int64_t task, int) {
    const int64_t end = std::min(rows, (task + 1) * rowsPerTask);
    for (int64_t row = task * rowsPerTask; row < end; row++)
      call.outputs[0].as<float>()[row] =
          rowLogSumExp(x.as<const float>() + row / rowsPerStep * stride + row % rowsPerStep * width, width);
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
