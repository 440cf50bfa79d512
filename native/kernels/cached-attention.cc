// Kernel `cachedAttention`: the arithmetic of `attention` (attention-block.h) with keys and values in pages of 64
// positions: block b of sequence s lies in page blockTable[s][b]. Rows of one sequence that stand together (a prefill)
// share a tile; a decoding row is alone with the heads that share a key-value head, and needs none (attention-row.h).
#include <vector>

#include "attention-row.h"
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

  const auto queryAt = [&](int64_t row, int64_t head) {
    return q.as<const uint8_t>() + (row * queryStride + head * shape.headSize) * size;
  };
  // Where a block of a row's sequence begins in the pages.
  const auto blockAt = [&](int64_t row, int64_t block, int64_t kvHead) {
    const int64_t page = blockTable.as<const int32_t>()[sequences[row] * tableStride + block];
    return (page * shape.kvHeads + kvHead) * keyBlock * shape.headSize * size;
  };
  const auto keep = [&](int64_t row, int64_t head, const float* from) {
    for (int64_t i = 0; i < shape.headSize; i += vectorLanes) {
      const int count = static_cast<int>(std::min<int64_t>(vectorLanes, shape.headSize - i));
      const int64_t to = row * outStride + head * shape.headSize + i;
      if (y.dtype == DType::bf16) storeBf16(y.as<uint16_t>() + to, load(from + i), count);
      else store(y.as<float>() + to, load(from + i), count);
    }
  };

  // Rows alone take several key-value heads at once, which lie side by side in a page: long reads are fast ones.
  const int64_t tiles = static_cast<int64_t>(starts.size()) - 1;
  const bool allAlone = tiles == rows && group <= AttentionRow::mostGroup;
  const int64_t most = std::min(shape.kvHeads, AttentionRow::mostKvHeads);
  const int64_t headsTogether = allAlone ? std::clamp<int64_t>(tiles * shape.kvHeads / (2 * team.size()), 1, most) : 1;
  const int64_t runs = ceilDivide(shape.kvHeads, headsTogether);
  team.forEach(tiles * runs, [&](int64_t task, int worker) {
    const int64_t first = starts[static_cast<size_t>(task / runs)], end = starts[static_cast<size_t>(task / runs) + 1];
    const int64_t kvHead = shape.kvHeads * (task % runs) / runs;
    if (end - first == 1 && group <= AttentionRow::mostGroup) {
      const int64_t kvHeads = shape.kvHeads * (task % runs + 1) / runs - kvHead;
      AttentionRow alone(shape, positions[first], kvHeads, team.scratch(worker));
      for (int64_t head = 0; head < kvHeads * group; head++) alone.setQuery(head, queryAt(first, kvHead * group + head));
      for (int64_t block = alone.firstBlock(); block <= alone.lastBlock(); block++) {
        for (int64_t i = 0; i < kvHeads; i++) {
          const int64_t at = blockAt(first, block, kvHead + i);
          const bool last = i + 1 == kvHeads;
          if (!last || block < alone.lastBlock()) {
            const int64_t next = last ? blockAt(first, block + 1, kvHead) : blockAt(first, block, kvHead + i + 1);
            alone.fetch(cacheKeys.as<const uint8_t>() + next);
            alone.fetch(cacheValues.as<const uint8_t>() + next);
          }
          alone.addBlock(i, block, cacheKeys.as<const uint8_t>() + at, cacheValues.as<const uint8_t>() + at);
        }
      }
      for (int64_t head = 0; head < kvHeads * group; head++) keep(first, kvHead * group + head, alone.finish(head));
      return;
    }
#if defined(GLOSSA_LEVEL_AMX)
    const TileSession session;
#endif
    AttentionTile tile(shape, (end - first) * group, team.scratch(worker));
    for (int64_t row = first; row < end; row++) {
      for (int64_t head = 0; head < group; head++) {
        tile.setRow((row - first) * group + head, queryAt(row, kvHead * group + head), positions[row]);
      }
    }
    tile.arrange();
    for (int64_t block = tile.firstBlock(); block <= tile.lastBlock(); block++) {
      const int64_t at = blockAt(first, block, kvHead);
      tile.addBlock(block, {cacheKeys.as<const uint8_t>() + at, shape.bf16, shape.headSize},
                    {cacheValues.as<const uint8_t>() + at, shape.bf16, shape.headSize});
    }
    tile.finish();
    for (int64_t row = first; row < end; row++) {
      for (int64_t head = 0; head < group; head++) {
        keep(row, kvHead * group + head, tile.output((row - first) * group + head));
      }
    }
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
