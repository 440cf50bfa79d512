// The best tokens of a row of logits, as many as are asked for.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>

#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

struct Candidate {
  float logit;  // never NaN
  int32_t id;
};

// Higher logits first; of equal ones the lower id.
inline bool comesBefore(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

// The best candidate of a row: what a Ranking puts first, found without sorting. NaN logits count as −infinity.
inline int32_t bestCandidate(const float* logits, int64_t count) {
  constexpr int64_t chunk = 1024;
  const F32x16 lowest = broadcast(-std::numeric_limits<float>::infinity());
  float best = -std::numeric_limits<float>::infinity();
  int64_t bestChunk = 0;
  for (int64_t start = 0; start < count; start += chunk) {
    const int64_t end = std::min(count, start + chunk);
    F32x16 largest = lowest;
    for (int64_t index = start; index < end; index += vectorLanes) {
      const int lanes = lanesFrom(index, end);
      const F32x16 values = load(logits + index, lanes);
      largest = maximum(lanes == vectorLanes ? values : select(firstLanes(lanes), values, lowest), largest);
    }
    const float here = horizontalMaximum(largest);
    if (here > best) best = here, bestChunk = start;
  }
  for (int64_t index = bestChunk; index < count; index++)
    if (logits[index] == best) return static_cast<int32_t>(index);
  return 0;
}

// The candidates of one row, sorted no further than anyone looks. NaN logits count as −infinity.
class Ranking {
 public:
  Ranking(Team& team, int worker, const Operand& logits, int64_t start, int64_t count) : count_(count) {
    if (static_cast<size_t>(count) * sizeof(Candidate) <= Team::scratchBytes) {
      candidates_ = static_cast<Candidate*>(team.scratch(worker));
    } else {
      own_ = std::make_unique<Candidate[]>(count);
      candidates_ = own_.get();
    }
    for (int64_t index = 0; index < count; index += vectorLanes) {
      const int lanes = lanesFrom(index, count);
      float values[vectorLanes];
      store(values, loadLanes(logits, start + index, lanes));
      for (int lane = 0; lane < lanes; lane++) {
        const float value = values[lane];
        const float logit = value == value ? value : -std::numeric_limits<float>::infinity();
        candidates_[index + lane] = {logit, static_cast<int32_t>(index + lane)};
      }
    }
  }

  int64_t count() const { return count_; }

  // The candidate of this rank, 0 being the best.
  const Candidate& at(int64_t rank) {
    if (rank >= sorted_) {
      const int64_t wanted = std::min(count_, std::max(rank + 1, sorted_ * 4));
      std::partial_sort(candidates_ + sorted_, candidates_ + wanted, candidates_ + count_, comesBefore);
      sorted_ = wanted;
    }
    return candidates_[rank];
  }

  // Sorts this many at once, where it is known that they will be looked at.
  void sortFirst(int64_t ranks) {
    if (ranks > sorted_) at(std::min(ranks, count_) - 1);
  }

 private:
  std::unique_ptr<Candidate[]> own_;
  Candidate* candidates_;
  int64_t count_;
  int64_t sorted_ = 0;
};

}  // namespace glossa::GLOSSA_LEVEL
