// Kernel `cachedAttention`: the arithmetic of `attention` (attention-block.h) with keys and values in pages of 64
// positions: block b of sequence s lies in page blockTable[s][b]. Rows of one sequence that stand together (a prefill)
// share a tile; a decoding row is a tile of its own with the heads that share a key-value head.
#include <vector>

#include "attention-block.h"
#include "kernels.h"

#if defined(GLOSSA_LEVEL_AMX)
#include "../simd/tile.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {

void cachedAttention(const Call& call, Team& team) {
  const Operand& y = call.outputs[0];
  const Operand& q = call.inputs[0];
  const Operand& cacheKeys = call.inputs[1];
  const Operand& cacheValues = call.inputs[2];
  const int32_t* const sequences = call.inputs[3].as<const int32_t>();
  const int32_t* const positions = call.inputs[4].as<const int32_t>();
  const Operand& blockTable = call.inputs[5];
  const AttentionShape shape{q.dims[1],    cacheKeys.dims[1], q.dims[2], call.ints[0],
                             static_cast<float>(call.floats[0]), q.dtype == DType::bf16};
  const int64_t rows = q.dims[0], size = shape.bf16 ? 2 : 4, group = shape.group();
  const int64_t queryStride = headStrideOf(q), outStride = headStrideOf(y), tableStride = rowStrideOf(blockTable);

  // First rows of the tiles.
  std::vector<int64_t> starts;
  for (int64_t row = 0; row < rows; row++) {
    if (row == 0 || sequences[row] != sequences[row - 1] || row - starts.back() >= shape.positionsPerTile())
      starts.push_back(row);
  }
  starts.push_back(rows);

  team.forEach(static_cast<int64_t>(starts.size() - 1) * shape.kvHeads, [&](int64_t task, int worker) {
#if defined(GLOSSA_LEVEL_AMX)
    const TileSession session;
#endif
    const int64_t first = starts[static_cast<size_t>(task / shape.kvHeads)];
    const int64_t end = starts[static_cast<size_t>(task / shape.kvHeads) + 1], kvHead = task % shape.kvHeads;
    AttentionTile tile(shape, (end - first) * group, team.scratch(worker));
    for (int64_t row = first; row < end; row++) {
      for (int64_t head = 0; head < group; head++) {
        tile.setRow((row - first) * group + head,
                    q.as<const uint8_t>() + (row * queryStride + (kvHead * group + head) * shape.headSize) * size,
                    positions[row]);
      }
    }
    tile.arrange();
    for (int64_t block = tile.firstBlock(); block <= tile.lastBlock(); block++) {
      const int64_t page = blockTable.as<const int32_t>()[sequences[first] * tableStride + block];
      const int64_t at = (page * shape.kvHeads + kvHead) * keyBlock * shape.headSize * size;
      tile.addBlock(block, {cacheKeys.as<const uint8_t>() + at, shape.bf16, shape.headSize},
                    {cacheValues.as<const uint8_t>() + at, shape.bf16, shape.headSize});
    }
    tile.finish();
    for (int64_t row = first; row < end; row++) {
      for (int64_t head = 0; head < group; head++) {
        const float* from = tile.output((row - first) * group + head);
        for (int64_t i = 0; i < shape.headSize; i += vectorLanes) {
          const int count = static_cast<int>(std::min<int64_t>(vectorLanes, shape.headSize - i));
          const int64_t to = row * outStride + (kvHead * group + head) * shape.headSize + i;
          if (y.dtype == DType::bf16) storeBf16(y.as<uint16_t>() + to, load(from + i), count);
          else store(y.as<float>() + to, load(from + i), count);
        }
      }
    }
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
