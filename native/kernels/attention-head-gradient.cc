// The loops of attention-head-gradient.h.
//
// What the arrangement gained (docs/log/2026-11-22-attention.md): 16 sequences of 256, 6 heads of 64, two cores of
// AVX512-BF16: bf16 19.4 → 11.3 ms, f32 23.1 → 18.6 ms; on AVX2, bf16: 59.7 → 24.2 ms. Asking for rows of a head before they
// are needed and storing dk and dv row by row: 12.0 → 10.1 ms on stand-ins for tiles.
#include "attention-head-gradient.h"

#include "layout.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

constexpr int64_t block = keyBlock;
constexpr int64_t half = block / 2;

Matrix headOf(const Operand& operand, int64_t row, int64_t head) {
  const bool bf16 = operand.dtype == DType::bf16;
  const int64_t at = row * headStrideOf(operand) + head * operand.dims[2];
  return {operand.as<const uint8_t>() + at * (bf16 ? 2 : 4), bf16, headStrideOf(operand)};
}

// Asks for rows of a head, far apart in memory, before they are read or written.
void fetchHead(const Operand& operand, int64_t row, int64_t rows, int64_t head) {
  const Matrix matrix = headOf(operand, row, head);
  fetchRows(matrix.data, matrix.bf16, matrix.stride, 0, rows, 0, operand.dims[2]);
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

// Rows 2 i and 2 i + 1 of sixteen columns of a right operand.
template <Arithmetic arithmetic> inline void storeInPanel(uint8_t* panel, int64_t row, F32x16 even, F32x16 odd) {
  if constexpr (arithmetic == Arithmetic::f32) {
    float* const to = reinterpret_cast<float*>(panel) + row * panelColumns;
    store(to, even);
    store(to + panelColumns, odd);
  } else {
    storeInt(reinterpret_cast<int32_t*>(panel) + row / 2 * panelColumns, bf16Pairs(even, odd));
  }
}

}  // namespace

HeadGradient::HeadGradient(const AttentionShape& shape, const GradientOperands& operands, int64_t start, int64_t end,
                           int64_t kvHead, void* scratch, int64_t scratchBytes)
    : shape_(shape), operands_(operands), start_(start), end_(end), blocks_(ceilDivide(end - start, block)),
      kvHead_(kvHead), arithmetic_(chooseArithmetic(shape.bf16, block)), packed_(shape.packed()) {
  const int64_t size = shape.headSize, padded = shape.paddedHead();
  halfBytes_ = roundUp(leftBytes(arithmetic_, half, size), 64);
  transposedBytes_ = roundUp(leftBytes(arithmetic_, size, block), 64);
  queryBlockBytes_ = 4 * halfBytes_ + 2 * transposedBytes_ + (2 + padded) * block * 4;

  ScratchPieces pieces(scratch);
  const auto right = [&](int64_t inner, int64_t columns) {
    return RightBlock{packed_, inner, pieces.take<uint8_t>(RightBlock::bytes(packed_, inner, columns))};
  };
  keysTransposed_ = right(size, block);
  valuesTransposed_ = right(size, block);
  keys_ = right(block, size);
  probabilities_ = right(block, block);
  dscores_ = right(block, block);
  dscoreRows_ = pieces.take<uint8_t>(block * block * blockElementBytes(arithmetic_));
  scores_ = pieces.take<float>(block * block);
  dprobabilities_ = pieces.take<float>(block * block);
  dkeys_ = pieces.take<float>(padded * block);
  dvalues_ = pieces.take<float>(padded * block);
  queryBlocks_ = pieces.take<uint8_t>(0);
  const int64_t room = scratchBytes - (queryBlocks_ - static_cast<uint8_t*>(scratch));
  const int64_t wanted = blocks_ * shape.group();
  blocksInScratch_ = std::clamp<int64_t>(room / queryBlockBytes_, 0, wanted);
  beyond_.resize(static_cast<size_t>((wanted - blocksInScratch_) * queryBlockBytes_ + 64));
}

HeadGradient::QueryBlock HeadGradient::blockAt(int64_t head, int64_t index) {
  const int64_t slot = head * blocks_ + index;
  uint8_t* at = queryBlocks_ + slot * queryBlockBytes_;
  if (slot >= blocksInScratch_) {
    const auto begin = reinterpret_cast<uintptr_t>(beyond_.data());
    at = beyond_.data() + (64 - begin % 64) + (slot - blocksInScratch_) * queryBlockBytes_;
  }
  ScratchPieces pieces(at);
  QueryBlock result;
  result.queries = pieces.take<uint8_t>(2 * halfBytes_);
  result.dys = pieces.take<uint8_t>(2 * halfBytes_);
  result.queriesTransposed = pieces.take<uint8_t>(transposedBytes_);
  result.dysTransposed = pieces.take<uint8_t>(transposedBytes_);
  result.delta = pieces.take<float>(block);
  result.logSumExp = pieces.take<float>(block);
  result.dqueries = pieces.take<float>(block * shape_.paddedHead());
  return result;
}

void HeadGradient::packQueries(const QueryBlock& block_, int64_t row, int64_t count, int64_t head) {
  const int64_t size = shape_.headSize;
  const Matrix q = headOf(operands_.q, row, head), dy = headOf(operands_.dy, row, head);
  const Matrix y = headOf(operands_.y, row, head);
  for (int64_t first = 0; first < count; first += half) {
    const int64_t rows = std::min(half, count - first), at = first / half * halfBytes_;
    packLeft(arithmetic_, {q, false}, first, rows, 0, size, block_.queries + at);
    packLeft(arithmetic_, {dy, false}, first, rows, 0, size, block_.dys + at);
  }
  packLeft(arithmetic_, {q, true}, 0, size, 0, count, block_.queriesTransposed);
  packLeft(arithmetic_, {dy, true}, 0, size, 0, count, block_.dysTransposed);
  for (int64_t i = 0; i < count; i++) {
    block_.delta[i] = dotRows(dy, y, i, size);
    block_.logSumExp[i] = operands_.logSumExp.as<const float>()[(row + i) * shape_.heads + head];
  }
  clear(block_.dqueries, block * shape_.paddedHead());
}

// p and ds of some rows of queries and all their `keys`, into the two right operands and the left one.
template <Arithmetic arithmetic>
void HeadGradient::weigh(const QueryBlock& block_, int64_t keyStart, int64_t queryStart, int64_t firstRow,
                         int64_t rows, int64_t count, int64_t keys) {
  const F32x16 scale = broadcast(shape_.scale), lowest = broadcast(-std::numeric_limits<float>::infinity());
  const int vectors = static_cast<int>(roundUp(keys, 2 * vectorLanes) / vectorLanes);
  for (int64_t row = firstRow; row < firstRow + rows; row += 2) {
    for (int vector = 0; vector < vectors; vector += 2) {
      F32x16 p[2][2], ds[2][2];  // [row][vector]
      for (int64_t i = 0; i < 2; i++) {
        // A row behind the last sees nothing.
        const int64_t position = queryStart + row + i, low = shape_.firstSeen(position) - keyStart;
        const int64_t high = row + i < count ? position + 1 - keyStart : 0;
        for (int64_t j = 0; j < 2; j++) {
          const int64_t from = (vector + j) * vectorLanes, at = (row + i) * block + from;
          F32x16 score = load(scores_ + at) * scale - broadcast(block_.logSumExp[row + i]);
          F32x16 dp = load(dprobabilities_ + at) - broadcast(block_.delta[row + i]);
          if (low > from || high < from + vectorLanes) {
            const Mask16 seen = keysBetween(low, high, from);
            score = select(seen, score, lowest);
            dp = select(seen, dp, zero());
          }
          p[i][j] = expBelow88(score);
          ds[i][j] = p[i][j] * dp * scale;
        }
        storeInBlock<arithmetic>(dscoreRows_, (row + i) * block + vector * vectorLanes, ds[i][0], ds[i][1]);
      }
      for (int j = 0; j < 2; j++) {
        storeInPanel<arithmetic>(probabilities_.panel(vector + j), row, p[0][j], p[1][j]);
        storeInPanel<arithmetic>(dscores_.panel(vector + j), row, ds[0][j], ds[1][j]);
      }
    }
  }
}

void HeadGradient::addBlock(const QueryBlock& block_, int64_t keyIndex, int64_t keyCount, int64_t queryIndex,
                            int64_t count) {
  const int64_t size = shape_.headSize, padded = shape_.paddedHead();
  const bool diagonal = keyIndex == queryIndex;
  // Rows that the later products take in steps of 32 (in bf16) are all written.
  const int64_t written = roundUp(count, packed_ == DType::packedBf16 ? dotStep : 2);
  for (int64_t first = 0; first < count; first += half) {
    const int64_t rows = std::min(half, count - first), keys = diagonal ? std::min(keyCount, first + half) : keyCount;
    const int64_t at = first / half * halfBytes_;
    multiplyAll(arithmetic_, {block_.queries + at, size, 0}, rows, size, keysTransposed_, 0, keys,
                scores_ + first * block, block, Start::zero);
    multiplyAll(arithmetic_, {block_.dys + at, size, 0}, rows, size, valuesTransposed_, 0, keys,
                dprobabilities_ + first * block, block, Start::zero);
    withArithmetic(arithmetic_, [&]<Arithmetic arithmetic>() {
      weigh<arithmetic>(block_, keyIndex * block, queryIndex * block, first, std::min(half, written - first), count,
                        keys);
    });
    multiplyAllByRows(arithmetic_, dscoreRows_ + first * block * blockElementBytes(arithmetic_), rows, keys, keys_,
                      size, block_.dqueries + first * padded, padded);
  }
  for (int64_t first = 0; first < keyCount; first += diagonal ? half : block) {
    // Keys of the second half are not seen by queries of the first.
    const int64_t end = diagonal ? std::min(keyCount, first + half) : keyCount;
    multiplyAll(arithmetic_, {block_.dysTransposed, count, first}, size, count - first, probabilities_, first, end,
                dvalues_, block);
    multiplyAll(arithmetic_, {block_.queriesTransposed, count, first}, size, count - first, dscores_, first, end,
                dkeys_, block);
  }
}

void HeadGradient::storeQueries(const QueryBlock& block_, int64_t row, int64_t count, int64_t head) const {
  const Operand& to = operands_.dq;
  for (int64_t i = 0; i < count; i++) {
    const int64_t at = (row + i) * headStrideOf(to) + head * shape_.headSize;
    for (int64_t from = 0; from < shape_.headSize; from += vectorLanes)
      storeLanes(to, at + from, load(block_.dqueries + i * shape_.paddedHead() + from) + zero(),
                 lanesFrom(from, shape_.headSize));
  }
}

// Turns [headSize][64] over, a square at a time, keys outermost so that a row's squares follow one another.
void HeadGradient::storeKeys(const Operand& to, int64_t row, int64_t count, const float* transposed) const {
  F32x16 square[16];
  for (int64_t key = 0; key < count; key += vectorLanes) {
    for (int64_t from = 0; from < shape_.headSize; from += vectorLanes) {
      for (int i = 0; i < vectorLanes; i++) square[i] = load(transposed + (from + i) * block + key);
      transpose16(square);
      for (int i = 0; i < lanesFrom(key, count); i++) {
        storeLanes(to, (row + key + i) * headStrideOf(to) + kvHead_ * shape_.headSize + from, square[i] + zero(),
                   lanesFrom(from, shape_.headSize));
      }
    }
  }
}

void HeadGradient::run() {
  const int64_t size = shape_.headSize, group = shape_.group(), firstHead = kvHead_ * group;
  for (int64_t keyIndex = 0; keyIndex < blocks_; keyIndex++) {
    const int64_t key = start_ + keyIndex * block, keyCount = std::min(block, end_ - key);
    keysTransposed_.pack(headOf(operands_.k, key, kvHead_), true, keyCount);
    valuesTransposed_.pack(headOf(operands_.v, key, kvHead_), true, keyCount);
    keys_.inner = keyCount;
    keys_.pack(headOf(operands_.k, key, kvHead_), false, size);
    clear(dkeys_, shape_.paddedHead() * block);
    clear(dvalues_, shape_.paddedHead() * block);
    fetchHead(operands_.dk, key, keyCount, kvHead_);
    fetchHead(operands_.dv, key, keyCount, kvHead_);
    const int64_t nextCount = std::min(block, end_ - key - keyCount);
    fetchHead(operands_.k, key + keyCount, nextCount, kvHead_);
    fetchHead(operands_.v, key + keyCount, nextCount, kvHead_);

    for (int64_t head = 0; head < group; head++) {
      for (int64_t queryIndex = keyIndex; queryIndex < blocks_; queryIndex++) {
        const int64_t position = queryIndex * block, row = start_ + position, count = std::min(block, end_ - row);
        const int64_t firstKeyBlock = shape_.firstSeen(position) / block;
        if (firstKeyBlock > keyIndex) break;  // the window has left this block, also for later rows
        const QueryBlock queries = blockAt(head, queryIndex);
        if (keyIndex == firstKeyBlock) {
          packQueries(queries, row, count, firstHead + head);
          const int64_t next = row + count, rows = std::min(block, end_ - next);
          for (const Operand* each : {&operands_.q, &operands_.dy, &operands_.y})
            fetchHead(*each, next, rows, firstHead + head);
        }
        if (queryIndex == keyIndex) fetchHead(operands_.dq, row, count, firstHead + head);
        addBlock(queries, keyIndex, keyCount, queryIndex, count);
        // The diagonal block is the last one that these rows see.
        if (queryIndex == keyIndex) storeQueries(queries, row, count, firstHead + head);
      }
    }
    storeKeys(operands_.dk, key, keyCount, dkeys_);
    storeKeys(operands_.dv, key, keyCount, dvalues_);
  }
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
