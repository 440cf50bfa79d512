// Kernel `attentionGradient`: dq, dk, dv of `attention`, scores computed again block by block from logSumExp.
//
// For one query row and head, delta = Σ dy · y (sixteen lanes of fma, then the fixed tree); for each key it sees
//   p = exp(scale · (q · k) − logSumExp),  ds = p · (dy · v − delta) · scale
// and, each as a matmul's sum (matmul-block.h; in bf16 p, ds, dy are rounded first):
//   dv += p · dy, dk += ds · q    over the heads of the group in order, each over its query rows ascending
//   dq += ds · k                  over the keys ascending
// Blocks are 64 positions from the sequence's start. A task is one sequence and key-value head: key blocks outermost,
// whose dk and dv gather in scratch, while dq continues in the output. Nothing is ever as large as context × context.
#include <vector>

#include "attention-block.h"
#include "kernels.h"

#if defined(GLOSSA_LEVEL_AMX)
#include "../simd/tile.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

constexpr int64_t block = keyBlock;

Matrix headOf(const Operand& operand, int64_t row, int64_t head) {
  const bool bf16 = operand.dtype == DType::bf16;
  const int64_t at = row * headStrideOf(operand) + head * operand.dims[2];
  return {operand.as<const uint8_t>() + at * (bf16 ? 2 : 4), bf16, headStrideOf(operand)};
}

// Copies between a head's rows and sums in scratch.
void loadRows(const Matrix& from, int64_t rows, int64_t width, int64_t stride, float* sums) {
  for (int64_t row = 0; row < rows; row++)
    for (int64_t i = 0; i < width; i += vectorLanes)
      store(sums + row * stride + i, from.load(row, i, static_cast<int>(std::min<int64_t>(vectorLanes, width - i))));
}
void storeRows(const Matrix& to, int64_t rows, int64_t width, int64_t stride, const float* sums) {
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < width; i += vectorLanes) {
      const int count = static_cast<int>(std::min<int64_t>(vectorLanes, width - i));
      const int64_t at = row * to.stride + i;
      const F32x16 value = load(sums + row * stride + i);
      if (to.bf16) storeBf16(static_cast<uint16_t*>(const_cast<void*>(to.data)) + at, value, count);
      else store(static_cast<float*>(const_cast<void*>(to.data)) + at, value, count);
    }
  }
}
void clear(float* values, int64_t count) {
  for (int64_t i = 0; i < count; i += vectorLanes) store(values + i, zero());
}

float dotRows(const Matrix& a, const Matrix& b, int64_t row, int64_t width) {
  F32x16 sum = zero();
  for (int64_t i = 0; i < width; i += vectorLanes) {
    const int count = static_cast<int>(std::min<int64_t>(vectorLanes, width - i));
    sum = fma(a.load(row, i, count), b.load(row, i, count), sum);
  }
  return horizontalSum(sum);
}

struct Operands {
  const Operand &dq, &dk, &dv, &q, &k, &v, &y, &logSumExp, &dy;
};

// All of one sequence (rows [start, end)) and key-value head.
void differentiate(const AttentionShape& shape, const Operands& operands, int64_t start, int64_t end, int64_t kvHead,
                   void* scratch) {
  const int64_t size = shape.headSize, padded = shape.paddedHead(), group = shape.group();
  const DType packed = shape.packed();
  const Arithmetic arithmetic = chooseArithmetic(shape.bf16, block);
  const int64_t rowsBytes = padded / panelColumns * panelBytes(packed, block);          // [64][headSize] as right operand
  const int64_t columnsBytes = block / panelColumns * panelBytes(packed, size);         // its transpose
  ScratchPieces pieces(scratch);
  uint8_t* const keysTransposed = pieces.take<uint8_t>(columnsBytes);
  uint8_t* const valuesTransposed = pieces.take<uint8_t>(columnsBytes);
  uint8_t* const keys = pieces.take<uint8_t>(rowsBytes);
  uint8_t* const queries = pieces.take<uint8_t>(rowsBytes);
  uint8_t* const dys = pieces.take<uint8_t>(rowsBytes);
  void* const left = pieces.take<uint8_t>(std::max(leftBytes(arithmetic, block, size), leftBytes(arithmetic, block, block)));
  float* const scores = pieces.take<float>(block * block);
  float* const dscores = pieces.take<float>(block * block);
  float* const dkeys = pieces.take<float>(block * padded);
  float* const dvalues = pieces.take<float>(block * padded);
  float* const dqueries = pieces.take<float>(block * padded);
  const int64_t blocks = ceilDivide(end - start, block);

  // Where dq is bf16 it needs another place to continue in.
  std::vector<float> runningQueries;
  if (operands.dq.dtype == DType::bf16) runningQueries.resize(static_cast<size_t>((end - start) * group * size));

  for (int64_t keyIndex = 0; keyIndex < blocks; keyIndex++) {
    const int64_t key = start + keyIndex * block, keyCount = std::min(block, end - key);
    packPanels(packed, headOf(operands.k, key, kvHead), true, size, keyCount, keysTransposed);
    packPanels(packed, headOf(operands.v, key, kvHead), true, size, keyCount, valuesTransposed);
    packPanels(packed, headOf(operands.k, key, kvHead), false, keyCount, size, keys);
    clear(dkeys, block * padded);
    clear(dvalues, block * padded);

    for (int64_t head = kvHead * group; head < (kvHead + 1) * group; head++) {
      for (int64_t queryIndex = keyIndex; queryIndex < blocks; queryIndex++) {
        const int64_t position = queryIndex * block, row = start + position, count = std::min(block, end - row);
        const int64_t firstKeyBlock = shape.firstSeen(position) / block;
        if (firstKeyBlock > keyIndex) break;  // the window has left this block, also for later rows
        const Matrix q = headOf(operands.q, row, head), dy = headOf(operands.dy, row, head);
        const Matrix y = headOf(operands.y, row, head);

        clear(scores, block * block);
        packLeft(arithmetic, {q, false}, 0, count, 0, size, left);
        multiplyAll(arithmetic, left, count, size, packed, keysTransposed, keyCount, scores, block);
        clear(dscores, block * block);
        packLeft(arithmetic, {dy, false}, 0, count, 0, size, left);
        multiplyAll(arithmetic, left, count, size, packed, valuesTransposed, keyCount, dscores, block);

        const F32x16 scale = broadcast(shape.scale);
        for (int64_t i = 0; i < count; i++) {
          const int64_t low = shape.firstSeen(position + i) - keyIndex * block;
          const int64_t high = position + i + 1 - keyIndex * block;
          const F32x16 delta = broadcast(dotRows(dy, y, i, size));
          const F32x16 logSum = broadcast(operands.logSumExp.as<const float>()[(row + i) * shape.heads + head]);
          for (int64_t from = 0; from < block; from += vectorLanes) {
            const int64_t at = i * block + from;
            F32x16 p = exp(load(scores + at) * scale - logSum);
            F32x16 ds = p * (load(dscores + at) - delta) * scale;
            if (low > from || high < from + vectorLanes) {
              const Mask16 seen = firstLanes(static_cast<int>(std::clamp<int64_t>(high - from, 0, vectorLanes))) &
                                  !firstLanes(static_cast<int>(std::clamp<int64_t>(low - from, 0, vectorLanes)));
              p = select(seen, p, zero());
              ds = select(seen, ds, zero());
            }
            store(scores + at, p);
            store(dscores + at, ds);
          }
        }

        packPanels(packed, dy, false, count, size, dys);
        packLeft(arithmetic, {{scores, false, block}, true}, 0, keyCount, 0, count, left);
        multiplyAll(arithmetic, left, keyCount, count, packed, dys, size, dvalues, padded);
        packPanels(packed, q, false, count, size, queries);
        packLeft(arithmetic, {{dscores, false, block}, true}, 0, keyCount, 0, count, left);
        multiplyAll(arithmetic, left, keyCount, count, packed, queries, size, dkeys, padded);

        Matrix dq = headOf(operands.dq, row, head);
        if (dq.bf16)
          dq = {runningQueries.data() + (position * group + head - kvHead * group) * size, false, group * size};
        if (keyIndex == firstKeyBlock) clear(dqueries, block * padded);
        else loadRows(dq, count, size, padded, dqueries);
        packLeft(arithmetic, {{dscores, false, block}, false}, 0, count, 0, keyCount, left);
        multiplyAll(arithmetic, left, count, keyCount, packed, keys, size, dqueries, padded);
        storeRows(dq, count, size, padded, dqueries);
        // The diagonal block is the last one that these rows see.
        if (dq.data != headOf(operands.dq, row, head).data && queryIndex == keyIndex)
          storeRows(headOf(operands.dq, row, head), count, size, padded, dqueries);
      }
    }
    storeRows(headOf(operands.dk, key, kvHead), keyCount, size, padded, dkeys);
    storeRows(headOf(operands.dv, key, kvHead), keyCount, size, padded, dvalues);
  }
}

}  // namespace

void attentionGradient(const Call& call, Team& team) {
  const Operands operands{call.outputs[0], call.outputs[1], call.outputs[2], call.inputs[0], call.inputs[1],
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
    differentiate(shape, operands, starts[sequence], starts[sequence + 1], task % shape.kvHeads, team.scratch(worker));
  });
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
