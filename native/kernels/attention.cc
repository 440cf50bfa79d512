// Kernel `attention`: causal attention of packed sequences, scores never in memory beyond a block (attention-block.h).
// A task is a tile of positions of one sequence × the heads that share one key-value head; it owns its rows of y and
// logSumExp. Tiles start at multiples of their size from the sequence's start; the longest tasks come first.
#include <vector>

#include "attention-block.h"
#include "kernels.h"
#include "layout.h"

#if defined(GLOSSA_LEVEL_AMX)
#include "../simd/tile.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

struct Span {
  int64_t start, first, end;  // rows: the sequence's first, and the tile's
};

}  // namespace

void attention(const Call& call, Team& team) {
  const Operand& y = call.outputs[0];
  const Operand& logSumExps = call.outputs[1];
  const Operand& q = call.inputs[0];
  const Operand& k = call.inputs[1];
  const Operand& v = call.inputs[2];
  const int32_t* const sequenceStart = call.inputs[3].as<const int32_t>();
  const AttentionShape shape{q.dims[1],    k.dims[1], q.dims[2], call.ints[0], static_cast<float>(call.floats[0]),
                             q.dtype == DType::bf16};
  const int64_t rows = q.dims[0], size = shape.bf16 ? 2 : 4, group = shape.group();
  const int64_t queryStride = headStrideOf(q), keyStride = headStrideOf(k), valueStride = headStrideOf(v);
  const int64_t outStride = headStrideOf(y);

  std::vector<Span> spans;
  for (int64_t row = 0; row < rows;) {
    int64_t end = row + 1;
    while (end < rows && sequenceStart[end] == sequenceStart[row]) end++;
    const int64_t start = std::clamp<int64_t>(sequenceStart[row], 0, row);
    for (int64_t first = row; first < end; first += shape.positionsPerTile())
      spans.push_back({start, first, std::min(end, first + shape.positionsPerTile())});
    row = end;
  }
  std::stable_sort(spans.begin(), spans.end(),
                   [](const Span& a, const Span& b) { return a.end - a.start > b.end - b.start; });

  team.forEach(static_cast<int64_t>(spans.size()) * shape.kvHeads, [&](int64_t task, int worker) {
#if defined(GLOSSA_LEVEL_AMX)
    const TileSession session;
#endif
    const Span& span = spans[static_cast<size_t>(task / shape.kvHeads)];
    const int64_t kvHead = task % shape.kvHeads;
    AttentionTile tile(shape, (span.end - span.first) * group, team.scratch(worker));
    // Rows of a head are far apart in memory: they are asked for before they are needed.
    const int64_t groupWidth = group * shape.headSize, firstQuery = kvHead * groupWidth;
    const int64_t firstKey = kvHead * shape.headSize;
    constexpr int64_t rowsAhead = 16;
    const auto fetchKeys = [&](const Operand& from, int64_t stride, int64_t block) {
      const int64_t first = block * keyBlock, count = std::min(keyBlock, span.end - span.start - first);
      fetchRows(from.data, shape.bf16, stride, span.start + first, count, firstKey, shape.headSize);
    };
    fetchRows(q.data, shape.bf16, queryStride, span.first, rowsAhead, firstQuery, groupWidth);
    for (int64_t row = span.first; row < span.end; row++) {
      if (row + rowsAhead < span.end)
        fetchRows(q.data, shape.bf16, queryStride, row + rowsAhead, 1, firstQuery, groupWidth);
      for (int64_t head = 0; head < group; head++) {
        tile.setRow((row - span.first) * group + head,
                    q.as<const uint8_t>() + (row * queryStride + (kvHead * group + head) * shape.headSize) * size,
                    row - span.start);
      }
    }
    tile.arrange();
    for (int64_t block = tile.firstBlock(); block <= tile.lastBlock(); block++) {
      if (block < tile.lastBlock()) {
        fetchKeys(k, keyStride, block + 1);
        fetchKeys(v, valueStride, block + 1);
      } else {
        const int64_t count = span.end - span.first;
        fetchRows(y.data, y.dtype == DType::bf16, outStride, span.first, count, firstQuery, groupWidth);
      }
      const int64_t key = span.start + block * keyBlock, at = kvHead * shape.headSize;
      tile.addBlock(block, {k.as<const uint8_t>() + (key * keyStride + at) * size, shape.bf16, keyStride},
                    {v.as<const uint8_t>() + (key * valueStride + at) * size, shape.bf16, valueStride});
    }
    tile.finish();
    for (int64_t row = span.first; row < span.end; row++) {
      for (int64_t head = 0; head < group; head++) {
        const int64_t from = (row - span.first) * group + head, to = kvHead * group + head;
        for (int64_t i = 0; i < shape.headSize; i += vectorLanes) {
          const int count = static_cast<int>(std::min<int64_t>(vectorLanes, shape.headSize - i));
          const int64_t at = row * outStride + to * shape.headSize + i;
          if (y.dtype == DType::bf16) storeBf16(y.as<uint16_t>() + at, load(tile.output(from) + i), count);
          else store(y.as<float>() + at, load(tile.output(from) + i), count);
        }
        logSumExps.as<float>()[row * shape.heads + to] = tile.logSumExp(from);
      }
    }
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
