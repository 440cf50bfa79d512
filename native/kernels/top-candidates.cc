// topCandidates: the best tokens of each row and their log-probabilities.
//
//   ids i32[rows, k], logProbabilities f32[rows, k] | logits[rows, vocabulary]
//
// Sorted by logit, descending; of equal logits the lower id comes first. Ranks beyond the vocabulary get id −1 and
// −infinity. A log-probability is logit − logSumExp(row). Work is split by rows.
#include "candidates.h"

namespace glossa::GLOSSA_LEVEL {

void topCandidates(const Call& call, Team& team) {
  int32_t* ids = call.outputs[0].as<int32_t>();
  float* logProbabilities = call.outputs[1].as<float>();
  const Operand& logits = call.inputs[0];
  const Rows rows(logits), outRows(call.outputs[0]);
  require(rows.count == outRows.count && logits.dtype == DType::f32 && isContiguous(call.outputs[0]) &&
              isContiguous(call.outputs[1]) && call.outputs[1].elements() == call.outputs[0].elements(),
          "topCandidates: shapes differ");
  const int64_t k = outRows.width;
  team.forEach(rows.count, [&](int64_t row, int worker) {
    const int64_t start = rows.start(row);
    const float logSumExp = rowLogSumExp(logits.as<float>() + start, rows.width);
    Ranking ranking(team, worker, logits, start, rows.width);
    ranking.sortFirst(k);
    for (int64_t rank = 0; rank < k; rank++) {
      const bool exists = rank < rows.width;
      ids[row * k + rank] = exists ? ranking.at(rank).id : -1;
      logProbabilities[row * k + rank] =
          exists ? ranking.at(rank).logit - logSumExp : -std::numeric_limits<float>::infinity();
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
