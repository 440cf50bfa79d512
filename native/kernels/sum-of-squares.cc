// sumOfSquares: the sum of x² over a whole tensor, one number.
//
//   out[] | x
//
// Partials of 4,096 elements (16 lanes, the fixed tree) in the order of memory, added ascending. Threads make partials;
// one thread adds them.
#include "reduce.h"

namespace glossa::GLOSSA_LEVEL {

void sumOfSquares(const Call& call, Team& team) {
  const Operand& x = call.inputs[0];
  const Rows rows(x);
  const bool contiguous = isContiguous(x);
  // A tensor with gaps between its rows counts its elements as if there were none.
  const auto square = [&](int64_t index, int lanes) {
    if (contiguous || index / rows.width == (index + lanes - 1) / rows.width) {
      const int64_t element = contiguous ? index : rows.start(index / rows.width) + index % rows.width;
      const F32x16 value = loadLanes(x, element, lanes);
      return value * value;
    }
    float gathered[vectorLanes] = {};
    for (int lane = 0; lane < lanes; lane++) {
      const int64_t element = rows.start((index + lane) / rows.width) + (index + lane) % rows.width;
      store(gathered + lane, loadLanes(x, element, 1), 1);
    }
    const F32x16 value = load(gathered);
    return value * value;
  };
  const int64_t count = x.elements();
  const int64_t partials = (count + partialElements - 1) / partialElements;
  constexpr int64_t most = Team::scratchBytes / sizeof(float);
  auto* sums = static_cast<float*>(team.scratch(0));
  float total = 0;
  for (int64_t base = 0; base < partials; base += most) {
    const int64_t here = std::min(most, partials - base);
    forRanges(team, here, partialElements, [&](int64_t first, int64_t last, int) {
      for (int64_t partial = first; partial < last; partial++) {
        const int64_t begin = (base + partial) * partialElements;
        sums[partial] = partialSum(begin, std::min(count, begin + partialElements), square);
      }
    });
    for (int64_t partial = 0; partial < here; partial++) total += sums[partial];
  }
  *call.outputs[0].as<float>() = total;
}

}  // namespace glossa::GLOSSA_LEVEL
