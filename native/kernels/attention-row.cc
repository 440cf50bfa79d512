// The single row of attention-row.h. What matters is that keys and values stream through once at the speed of memory:
//
//   keys     sixteen rows at a time are transposed in registers, (pairs of) features of 64 keys side by side; then each
//            query element is broadcast to four vectors of keys
//   values   their rows are already what a sum over keys wants: a vector of features, times one key's p
//
// What each step gained (docs/log/2026-11-22-generation.md):
//   no packing, keys and values in cache                                          0.60 → 0.33 ms
//   the same from memory, 8 sequences × 576 keys × 12 layers                       15.9 → 12.5 ms
//   several heads a task, so that reads are long, and the next block fetched       12.5 → 10.4 ms
#include "attention-row.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

constexpr int blockVectors = keyBlock / vectorLanes;

// 32-bit words of a head: features, or pairs of them in whole steps of a bf16 dot product.
int64_t wordsOf(const AttentionShape& shape) {
  return shape.bf16 ? roundUp(shape.headSize, dotStep) / 2 : shape.headSize;
}

// Up to sixteen words of a row, from its word `word` on; what lies beyond the row is zero.
inline F32x16 loadWords(const void* row, int64_t rowBytes, int64_t word) {
  const int64_t bytes = rowBytes - word * 4;
  const auto* from = static_cast<const uint8_t*>(row) + word * 4;
  if (bytes >= vectorLanes * 4) return load(reinterpret_cast<const float*>(from));
  float words[vectorLanes] = {};
  std::memcpy(words, from, static_cast<size_t>(bytes));
  return load(words);
}

// sums[64] = the query times 64 keys, features ascending in one chain of fma.
void multiplyWords(const float* query, const float* keys, int64_t features, float* sums) {
  F32x16 sum[blockVectors];
  _Pragma("GCC unroll 4") for (F32x16& each : sum) each = zero();
  for (int64_t i = 0; i < features; i++, keys += keyBlock) {
    const F32x16 element = broadcast(query[i]);
    _Pragma("GCC unroll 4") for (int vector = 0; vector < blockVectors; vector++)
      sum[vector] = fma(element, load(keys + vector * vectorLanes), sum[vector]);
  }
  _Pragma("GCC unroll 4") for (int vector = 0; vector < blockVectors; vector++)
    store(sums + vector * vectorLanes, sum[vector]);
}

#if defined(GLOSSA_LEVEL_AVX512BF16)

// The same in bf16, a pair of features an instruction.
void multiplyPairs(const int32_t* query, const int32_t* keys, int64_t pairs, float* sums) {
  __m512 sum[blockVectors];
  _Pragma("GCC unroll 4") for (__m512& each : sum) each = _mm512_setzero_ps();
  for (int64_t pair = 0; pair < pairs; pair++, keys += keyBlock) {
    const __m512bh element = (__m512bh)_mm512_set1_epi32(query[pair]);
    _Pragma("GCC unroll 4") for (int vector = 0; vector < blockVectors; vector++)
      sum[vector] = _mm512_dpbf16_ps(sum[vector], element, (__m512bh)_mm512_loadu_si512(keys + vector * vectorLanes));
  }
  _Pragma("GCC unroll 4") for (int vector = 0; vector < blockVectors; vector++)
    _mm512_storeu_ps(sums + vector * vectorLanes, sum[vector]);
}

// sums[32] += Σ p · value over pairs of keys. Unpacking two rows gives pairs in an order of their own, in which the sums
// are kept meanwhile.
void addPairs(const int32_t* p, const uint16_t* values, int64_t stride, int columns, int64_t count, float* sums) {
  const __m512i toLower = _mm512_setr_epi32(0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
  const __m512i toUpper = _mm512_setr_epi32(4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  const __m512i toFirst = _mm512_setr_epi32(0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const __m512i toSecond = _mm512_setr_epi32(8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const __m512 first = _mm512_loadu_ps(sums), second = _mm512_loadu_ps(sums + vectorLanes);
  __m512 lower = _mm512_permutex2var_ps(first, toLower, second), upper = _mm512_permutex2var_ps(first, toUpper, second);
  const __mmask32 real = columns >= 32 ? ~__mmask32{0} : (__mmask32{1} << columns) - 1;
  for (int64_t key = 0; key < count; key += 2, values += 2 * stride) {
    const __m512i even = _mm512_maskz_loadu_epi16(real, values);
    const __m512i odd = key + 1 < count ? _mm512_maskz_loadu_epi16(real, values + stride) : _mm512_setzero_si512();
    const __m512bh weight = (__m512bh)_mm512_set1_epi32(p[key / 2]);
    lower = _mm512_dpbf16_ps(lower, weight, (__m512bh)_mm512_unpacklo_epi16(even, odd));
    upper = _mm512_dpbf16_ps(upper, weight, (__m512bh)_mm512_unpackhi_epi16(even, odd));
  }
  _mm512_storeu_ps(sums, _mm512_permutex2var_ps(lower, toFirst, upper));
  _mm512_storeu_ps(sums + vectorLanes, _mm512_permutex2var_ps(lower, toSecond, upper));
}

#else

// The same in bf16: for each 32 features a chain over the even and one over the odd, then sum += even + odd.
void multiplyPairs(const int32_t* query, const int32_t* keys, int64_t pairs, float* sums) {
  const I32x16 upperHalf = broadcastInt(static_cast<int32_t>(0xffff0000u));
  for (int vector = 0; vector < blockVectors; vector++) {
    F32x16 sum = zero();
    const int32_t* from = keys + vector * vectorLanes;
    for (int64_t step = 0; step < pairs; step += dotStep / 2) {
      F32x16 even = zero(), odd = zero();
      for (int64_t pair = step; pair < step + dotStep / 2; pair++, from += keyBlock) {
        const I32x16 both = loadInt(from), element = broadcastInt(query[pair]);
        even = fma(asFloat(shiftLeft<16>(element)), asFloat(shiftLeft<16>(both)), even);
        odd = fma(asFloat(element & upperHalf), asFloat(both & upperHalf), odd);
      }
      sum = sum + (even + odd);
    }
    store(sums + vector * vectorLanes, sum);
  }
}

// sums[columns ≤ 16] += Σ p · value in bf16: for each 32 keys a chain over the even and one over the odd.
void addHalves(const float* p, const uint16_t* values, int64_t stride, int columns, int64_t count, float* sums) {
  F32x16 sum = load(sums);
  for (int64_t step = 0; step < count; step += dotStep) {
    F32x16 even = zero(), odd = zero();
    const int64_t end = std::min(count, step + dotStep);
    for (int64_t key = step; key < end; key += 2, values += 2 * stride) {
      even = fma(broadcast(p[key]), loadBf16(values, columns), even);
      if (key + 1 < end) odd = fma(broadcast(p[key + 1]), loadBf16(values + stride, columns), odd);
    }
    sum = sum + (even + odd);
  }
  store(sums, sum);
}

#endif

// sums[columns ≤ 16] += Σ p · value, keys ascending in one chain of fma.
void addFloats(const float* p, const float* values, int64_t stride, int columns, int64_t count, float* sums) {
  F32x16 sum = load(sums);
  for (int64_t key = 0; key < count; key++, values += stride)
    sum = fma(broadcast(p[key]), load(values, columns), sum);
  store(sums, sum);
}

}  // namespace

AttentionRow::AttentionRow(const AttentionShape& shape, int64_t position, int64_t kvHeads, void* scratch)
    : shape_(shape), position_(position) {
  const int64_t words = wordsOf(shape), heads = kvHeads * shape.group();
  ScratchPieces pieces(scratch);
  queries_ = pieces.take<int32_t>(heads * words);
  keys_ = pieces.take<int32_t>(roundUp(words, vectorLanes) * keyBlock);
  scores_ = pieces.take<float>(keyBlock);
  sums_ = pieces.take<float>(heads * shape.paddedHead());
  maxima_ = pieces.take<float>(heads);
  totals_ = pieces.take<float>(heads);
  std::fill_n(sums_, heads * shape.paddedHead(), 0.0f);
  std::fill_n(maxima_, heads, -std::numeric_limits<float>::infinity());
  std::fill_n(totals_, heads, 0.0f);
}

void AttentionRow::setQuery(int64_t head, const void* query) {
  int32_t* const to = queries_ + head * wordsOf(shape_);
  if (shape_.bf16) std::memset(to, 0, static_cast<size_t>(wordsOf(shape_)) * 4);
  std::memcpy(to, query, static_cast<size_t>(shape_.headSize) * (shape_.bf16 ? 2 : 4));
}

void AttentionRow::addBlock(int64_t kvHead, int64_t block, const void* keys, const void* values) {
  const int64_t count = std::min(keyBlock, position_ + 1 - block * keyBlock);
  turnKeys(keys, count);
  for (int64_t head = kvHead * shape_.group(); head < (kvHead + 1) * shape_.group(); head++) {
    scoreKeys(head);
    weigh(head, block);
    addValues(head, values, count);
  }
}

void AttentionRow::fetch(const void* rows) const {
  const int64_t bytes = keyBlock * shape_.headSize * (shape_.bf16 ? 2 : 4);
  for (int64_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(rows) + at, 0, 2);
}

// Whole sixteens of keys: those beyond `count` are numbers of nobody, and `weigh` does not look at their scores.
void AttentionRow::turnKeys(const void* keys, int64_t count) {
  const int64_t words = wordsOf(shape_), rowBytes = shape_.headSize * (shape_.bf16 ? 2 : 4);
  const auto* rows = static_cast<const uint8_t*>(keys);
  for (int64_t key = 0; key < count; key += vectorLanes, rows += vectorLanes * rowBytes) {
    for (int64_t word = 0; word < words; word += vectorLanes) {
      F32x16 square[vectorLanes];
      for (int row = 0; row < vectorLanes; row++) square[row] = loadWords(rows + row * rowBytes, rowBytes, word);
      transpose16(square);
      int32_t* const to = keys_ + word * keyBlock + key;
      for (int i = 0; i < vectorLanes; i++) storeInt(to + i * keyBlock, asInt(square[i]));
    }
  }
}

void AttentionRow::scoreKeys(int64_t head) {
  const int64_t words = wordsOf(shape_);
  const int32_t* const query = queries_ + head * words;
  if (shape_.bf16) multiplyPairs(query, keys_, words, scores_);
  else multiplyWords(reinterpret_cast<const float*>(query), reinterpret_cast<const float*>(keys_), words, scores_);
}

void AttentionRow::weigh(int64_t head, int64_t block) {
  const float lowest = -std::numeric_limits<float>::infinity();
  const int64_t low = shape_.firstSeen(position_) - block * keyBlock, high = position_ + 1 - block * keyBlock;
  F32x16 score[blockVectors], largest = broadcast(lowest);
  for (int vector = 0; vector < blockVectors; vector++) {
    const int64_t from = vector * vectorLanes;
    score[vector] = load(scores_ + from) * broadcast(shape_.scale);
    if (low > from || high < from + vectorLanes) {
      const Mask16 seen = firstLanes(static_cast<int>(std::clamp<int64_t>(high - from, 0, vectorLanes))) &
                          !firstLanes(static_cast<int>(std::clamp<int64_t>(low - from, 0, vectorLanes)));
      score[vector] = select(seen, score[vector], broadcast(lowest));
    }
    largest = maximum(largest, score[vector]);
  }
  const float before = maxima_[head], now = horizontalMaximum(largest);
  const float after = before > now ? before : now;
  float alpha[vectorLanes] = {before == after ? 0.0f : before - after};
  store(alpha, exp(load(alpha)));
  maxima_[head] = after;

  F32x16 total = zero();
  for (int vector = 0; vector < blockVectors; vector++) {
    const F32x16 p = exp(score[vector] - broadcast(after));
    total = vector == 0 ? p : total + p;
    store(scores_ + vector * vectorLanes, p);
  }
  const float kept = totals_[head] * alpha[0];
  totals_[head] = kept + horizontalSum(total);
  if (alpha[0] == 1.0f) return;
  const int64_t padded = shape_.paddedHead();
  float* const sums = sums_ + head * padded;
  for (int64_t i = 0; i < padded; i += vectorLanes) store(sums + i, load(sums + i) * broadcast(alpha[0]));
}

void AttentionRow::addValues(int64_t head, const void* values, int64_t count) {
  const int64_t headSize = shape_.headSize;
  const float* const p = scores_;
  float* const sums = sums_ + head * shape_.paddedHead();
  if (!shape_.bf16) {
    for (int64_t i = 0; i < headSize; i += vectorLanes)
      addFloats(p, static_cast<const float*>(values) + i, headSize,
                static_cast<int>(std::min<int64_t>(vectorLanes, headSize - i)), count, sums + i);
    return;
  }
  const auto* halves = static_cast<const uint16_t*>(values);
#if defined(GLOSSA_LEVEL_AVX512BF16)
  alignas(64) uint16_t rounded[keyBlock];
  for (int64_t i = 0; i < keyBlock; i += vectorLanes) storeBf16(rounded + i, load(p + i));
  int32_t pairs[keyBlock / 2];
  std::memcpy(pairs, rounded, sizeof(pairs));
  for (int64_t i = 0; i < headSize; i += 2 * vectorLanes)
    addPairs(pairs, halves + i, headSize, static_cast<int>(std::min<int64_t>(2 * vectorLanes, headSize - i)), count,
             sums + i);
#else
  float rounded[keyBlock];
  for (int64_t i = 0; i < keyBlock; i += vectorLanes) store(rounded + i, roundBf16(load(p + i)));
  for (int64_t i = 0; i < headSize; i += vectorLanes)
    addHalves(rounded, halves + i, headSize, static_cast<int>(std::min<int64_t>(vectorLanes, headSize - i)), count,
              sums + i);
#endif
}

const float* AttentionRow::finish(int64_t head) {
  const int64_t padded = shape_.paddedHead();
  float* const sums = sums_ + head * padded;
  if (totals_[head] == 0.0f) return sums;  // it saw nothing: zeros
  for (int64_t i = 0; i < padded; i += vectorLanes)
    store(sums + i, load(sums + i) / broadcast(totals_[head]) + zero());
  return sums;
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
