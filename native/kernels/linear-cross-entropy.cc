// Kernel `linearCrossEntropy`: nll[row] = logSumExp(logits[row]) − logits[row, target], logits = hidden · weight, which
// never stand whole in memory. A target of −1 gives 0.
//
// A task is a block of rows × some chunks of 1,024 of the vocabulary: it computes their logits in scratch and keeps of
// each row and chunk only (maximum, Σ exp) and, where the target falls into it, that logit. Then each row's chunks are
// joined in ascending order (log-sum-exp.h), so splitting by chunk changes no bit.
//
// Maxima of four vectors abreast, no zeroing of sums, and rows joined by all threads: 24 → 20 ms on stand-ins for tiles
// (docs/log/2026-11-22-beside-the-tiles.md).
#include <vector>

#include "kernels.h"
#include "layout.h"
#include "logits-block.h"

#if defined(GLOSSA_LEVEL_AMX)
#include "../simd/tile.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {

void linearCrossEntropy(const Call& call, Team& team) {
  float* const nll = call.outputs[0].as<float>();
  float* const logSums = call.outputs[1].as<float>();
  const Operand& hidden = call.inputs[0];
  const Operand& weight = call.inputs[1];
  const int32_t* const targets = call.inputs[2].as<const int32_t>();
  const int64_t rows = hidden.dims[0];
  if (rows == 0) return;
  const LogitsBlock logits(hidden, weight, rows);
  const int64_t vocabulary = logits.vocabulary();
  const int64_t chunks = ceilDivide(vocabulary, vocabularyChunk);

  // So many rows at a time that what is kept of their chunks stays within 4 MB.
  const int64_t blocksAtOnce =
      std::max<int64_t>(1, (4 << 20) / (std::max<int64_t>(1, chunks) * logits.rowsPerBlock * 8));
  const int64_t rowsAtOnce = std::min(rows, blocksAtOnce * logits.rowsPerBlock);
  std::vector<ExponentialSum> kept(static_cast<size_t>(rowsAtOnce * chunks));
  std::vector<int64_t> arranged(static_cast<size_t>(team.size()), -1);

  for (int64_t start = 0; start < rows; start += rowsAtOnce) {
    const int64_t end = std::min(rows, start + rowsAtOnce);
    const int64_t blocks = ceilDivide(end - start, logits.rowsPerBlock);
    const int64_t ranges = std::clamp<int64_t>(ceilDivide(4 * team.size(), blocks), 1, std::max<int64_t>(1, chunks));
    team.forEach(blocks * ranges, [&](int64_t task, int worker) {
#if defined(GLOSSA_LEVEL_AMX)
      const TileSession session(logits.blocks ? blockTiles : wholeTiles);
#endif
      void* scratch = team.scratch(worker);
      const int64_t first = start + task / ranges * logits.rowsPerBlock, range = task % ranges;
      const int64_t some = std::min(logits.rowsPerBlock, end - first);
      if (arranged[static_cast<size_t>(worker)] != first) {
        logits.arrange(first, some, scratch);
        arranged[static_cast<size_t>(worker)] = first;
      }
      for (int64_t chunk = chunks * range / ranges; chunk < chunks * (range + 1) / ranges; chunk++) {
        const int64_t column = chunk * vocabularyChunk, count = std::min(vocabularyChunk, vocabulary - column);
        logits.compute(some, column, count, scratch);
        for (int64_t row = first; row < first + some; row++) {
          const float* values = static_cast<const float*>(scratch) + (row - first) * vocabularyChunk;
          kept[static_cast<size_t>((row - start) * chunks + chunk)] = sumExponentials(values, count);
          // The output holds the target's logit until the row is finished below.
          if (targets[row] >= column && targets[row] < column + count) nll[row] = values[targets[row] - column];
        }
      }
    });
    constexpr int64_t elementsToJoin = 16;  // the work of joining one chunk, in elements of a plain loop
    forRanges(team, end - start, chunks * elementsToJoin, [&](int64_t first, int64_t last, int) {
      for (int64_t row = start + first; row < start + last; row++) {
        ExponentialSum running;
        for (int64_t chunk = 0; chunk < chunks; chunk++)
          running.join(kept[static_cast<size_t>((row - start) * chunks + chunk)]);
        logSums[row] = running.logarithm();
        nll[row] = targets[row] < 0 ? 0.0f : logSums[row] - nll[row];
      }
    });
  }
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
