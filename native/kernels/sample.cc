// sample: draws one token of each row.
//
//   ids i32[rows], logProbabilities f32[rows] | logits[rows, vocabulary], temperature f32[rows], topK i32[rows],
//   topP f32[rows], minP f32[rows], seeds i32[rows, 2], counters i32[rows]
//
// Temperature 0 takes the highest logit, of equal ones the lowest id. Otherwise:
//   1. candidates: the topK highest logits (0 = all), sorted by (logit descending, id ascending);
//      weight = exp((logit − highest) / temperature), float32;
//   2. topP < 1: the shortest beginning whose weight reaches topP of the whole, added in double from the best on;
//   3. minP > 0: of those, the ones whose weight is at least minP of the best one's (which is 1);
//   4. u = the first word of Philox4x32-10 with key = the row's seed and counter (counters[row], 0, 0, 0), divided by
//      2³²; the answer is the first candidate at which the weights, added from the best on, exceed u of their whole.
// The whole of step 2, and of step 4 where nothing was cut, is added in double in ascending order of ids.
//
// The log-probability is that of the raw logits: logit − logSumExp(row), whatever the settings. Work is split by rows.
#include <cmath>

#include "../simd/math.h"
#include "candidates.h"
#include "philox.h"

namespace glossa::GLOSSA_LEVEL {

namespace {

struct Settings {
  float temperature;
  int64_t topK;
  double topP;
  float minP;
  double uniform;
};

// exp((logit − highest) / temperature); 1 for the best, also where that one is infinite.
F32x16 weigh(F32x16 logit, float highest, float temperature) {
  const F32x16 best = broadcast(highest);
  const F32x16 weight = exp((logit - best) / broadcast(temperature));
  return select(logit == best, broadcast(1.0f), select(isNaN(weight), zero(), weight));
}

int32_t draw(const Operand& logits, int64_t start, Ranking& ranking, const Settings& settings) {
  const float highest = ranking.at(0).logit;
  const bool all = settings.topK <= 0 || settings.topK >= ranking.count();
  int64_t count = all ? ranking.count() : settings.topK;
  const auto weight = [&](int64_t rank) {
    float value;
    store(&value, weigh(broadcast(ranking.at(rank).logit), highest, settings.temperature), 1);
    return static_cast<double>(value);
  };
  double whole = 0;
  if (all) {
    ranking.sortFirst(64);
    for (int64_t index = 0; index < count; index += vectorLanes) {
      const int lanes = lanesFrom(index, count);
      float weights[vectorLanes];
      store(weights, weigh(loadLanes(logits, start + index, lanes), highest, settings.temperature));
      for (int lane = 0; lane < lanes; lane++) whole += weights[lane];
    }
  } else {
    ranking.sortFirst(count);
    for (int64_t rank = 0; rank < count; rank++) whole += weight(rank);
  }
  if (settings.topP < 1.0) {
    const double wanted = settings.topP * whole;
    double reached = 0;
    int64_t kept = 0;
    while (kept < count && (kept == 0 || reached < wanted)) reached += weight(kept++);
    count = kept;
    whole = reached;
  }
  if (settings.minP > 0.0f) {
    double reached = 0;
    int64_t kept = 0;
    while (kept < count && (kept == 0 || weight(kept) >= settings.minP)) reached += weight(kept++);
    count = kept;
    whole = reached;
  }
  const double target = settings.uniform * whole;
  double reached = 0;
  for (int64_t rank = 0; rank < count; rank++) {
    const double share = weight(rank);
    // Rounding may leave a sliver of the whole unreached; a token of weight zero is never drawn.
    if (share == 0) return ranking.at(rank - 1).id;
    reached += share;
    if (reached > target) return ranking.at(rank).id;
  }
  return ranking.at(count - 1).id;
}

}  // namespace

void sample(const Call& call, Team& team) {
  int32_t* ids = call.outputs[0].as<int32_t>();
  float* logProbabilities = call.outputs[1].as<float>();
  const Operand& logits = call.inputs[0];
  const float* temperatures = call.inputs[1].as<float>();
  const int32_t* topKs = call.inputs[2].as<int32_t>();
  const float* topPs = call.inputs[3].as<float>();
  const float* minPs = call.inputs[4].as<float>();
  const int32_t* seeds = call.inputs[5].as<int32_t>();
  const int32_t* counters = call.inputs[6].as<int32_t>();
  const Rows rows(logits);
  require(logits.dtype == DType::f32 && rows.width > 0 && call.outputs[0].elements() == rows.count,
          "sample: shapes differ");
  team.forEach(rows.count, [&](int64_t row, int worker) {
    const int64_t start = rows.start(row);
    int32_t id;
    if (!(temperatures[row] > 0.0f)) {
      id = bestCandidate(logits.as<float>() + start, rows.width);
    } else {
      Ranking ranking(team, worker, logits, start, rows.width);
      uint32_t words[4][1] = {{static_cast<uint32_t>(counters[row])}, {0}, {0}, {0}};
      philox(static_cast<uint32_t>(seeds[2 * row]), static_cast<uint32_t>(seeds[2 * row + 1]), words);
      const Settings settings{temperatures[row], topKs[row], topPs[row], minPs[row], words[0][0] * 0x1p-32};
      id = draw(logits, start, ranking, settings);
    }
    ids[row] = id;
    logProbabilities[row] = logits.as<float>()[start + id] - rowLogSumExp(logits.as<float>() + start, rows.width);
  });
}

}  // namespace glossa::GLOSSA_LEVEL
