// Kernel `attentionGradient`: dq, dk, dv of `attention`, scores computed again block by block from logSumExp.
//
// For one query row and head, delta = Σ dy · y (sixteen lanes of fma, then the fixed tree); for each key it sees
//   p = exp(scale · (q · k) − logSumExp),  ds = p · (dy · v − delta) · scale
// and, each as a matmul's sum (matmul-block.h; in bf16 p, ds, dy are rounded first), zeros at the end made positive:
//   dv += p · dy, dk += ds · q    over the heads of the group in order, each over its query rows ascending
//   dq += ds · k                  over the keys ascending
// Blocks are 64 positions from the sequence's start. A task is one sequence and key-value head (attention-head-gradient.h).
#include <vector>

#include "attention-head-gradient.h"
#include "kernels.h"

#if defined(GLOSSA_LEVEL_AMX)
#include "../simd/tile.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {

void attentionGradient(const Call& call, Team& team) {
  const GradientOperands operands{call.outputs[0], call.outputs[1], call.outputs[2], call.inputs[0], call.inputs[1],
                                  call.inputs[2],  call.inputs[3],  call.inputs[4],  call.inputs[5]};
  const int32_t* const sequenceStart = call.inputs[6].as<const int32_t>();
  const Operand& q = operands.q;
  const AttentionShape shape{q.dims[1],     operands.k.dims[1], q.dims[2], call.ints[0],
                             static_cast<float>(call.floats[0]), q.dtype == DType::bf16};
  const int64_t rows = q.dims[0];

  std::vector<int64_t> starts;
  for (int64_t row = 0; row < rows; row++)
    if (row == 0 || sequenceStart[row] != sequenceStart[row - 1]) starts.push_back(row);
  starts.push_back(rows);
  // The longest sequences first, so that threads finish together.
  std::vector<size_t> order(starts.size() - 1);
  for (size_t i = 0; i < order.size(); i++) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return starts[a + 1] - starts[a] > starts[b + 1] - starts[b];
  });

  team.forEach(static_cast<int64_t>(order.size()) * shape.kvHeads, [&](int64_t task, int worker) {
#if defined(GLOSSA_LEVEL_AMX)
    const TileSession session;
#endif
    const size_t sequence = order[static_cast<size_t>(task / shape.kvHeads)];
    HeadGradient head(shape, operands, starts[sequence], starts[sequence + 1], task % shape.kvHeads,
                      team.scratch(worker), Team::scratchBytes);
    head.run();
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
