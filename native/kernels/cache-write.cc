// Kernel `cacheWrite`: puts x[rows, kvHeads, headSize] into the paged cache [pages, kvHeads, 64, headSize] at
// slots[row] = page · 64 + offset; a negative slot is skipped. The output is the cache itself (it may also be another
// place, which then becomes a copy with the rows put in). f32 and bf16 are converted where the two differ. Threads split
// rows; two rows with the same slot are not allowed.
#include "attention-block.h"
#include "kernels.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

void cacheWrite(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& cache = call.inputs[0];
  const Operand& x = call.inputs[1];
  const int32_t* const slots = call.inputs[2].as<const int32_t>();
  const int64_t rows = x.dims[0], kvHeads = x.dims[1], headSize = x.dims[2], stride = headStrideOf(x);
  const bool bf16 = out.dtype == DType::bf16;
  if (out.data != cache.data && out.elements() > 0)
    std::memcpy(out.data, cache.data, static_cast<size_t>(out.elements() * (bf16 ? 2 : 4)));
  const Matrix source{x.data, x.dtype == DType::bf16, stride};
  constexpr int64_t rowsPerTask = 16;
  team.forEach(ceilDivide(rows, rowsPerTask), [&](int64_t task, int) {
    for (int64_t row = task * rowsPerTask; row < std::min(rows, (task + 1) * rowsPerTask); row++) {
      if (slots[row] < 0) continue;
      const int64_t page = slots[row] / keyBlock, offset = slots[row] % keyBlock;
      for (int64_t head = 0; head < kvHeads; head++) {
        const int64_t to = ((page * kvHeads + head) * keyBlock + offset) * headSize;
        for (int64_t i = 0; i < headSize; i += vectorLanes) {
          const int count = static_cast<int>(std::min<int64_t>(vectorLanes, headSize - i));
          const F32x16 value = source.load(row, head * headSize + i, count);
          if (bf16) storeBf16(out.as<uint16_t>() + to + i, value, count);
          else store(out.as<float>() + to + i, value, count);
        }
      }
    }
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
