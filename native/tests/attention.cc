// attention, attentionGradient, cachedAttention and cacheWrite: against plain loops in double; packed sequences = the
// paged cache = one query at a time, bit for bit; any number of threads and any company. Prints checksums, the same
// on each level.
#include <chrono>
#include <cmath>
#include <cstring>

#include "../kernels/kernels.h"
#include "../kernels/pack.h"
#include "../threads/pool.h"
#include "team.h"

using namespace glossa;
using namespace glossa::LEVEL_NAMESPACE;

namespace {

Checksums results;

Array randomArray(DType dtype, std::vector<int64_t> dims, uint64_t seed, float scale = 1) {
  Array array(dtype, dims);
  Numbers numbers(seed);
  for (int64_t i = 0; i < array.operand.elements(); i++) {
    const float value = numbers.signedValue() * scale;
    if (dtype == DType::bf16) array.as<uint16_t>()[i] = floatToBf16(value);
    else array.as<float>()[i] = value;
  }
  return array;
}

double valueAt(Array& array, int64_t index) {
  return array.operand.dtype == DType::bf16 ? bf16ToFloat(array.as<uint16_t>()[index]) : array.as<float>()[index];
}

bool same(Array& a, Array& b) { return std::memcmp(a.operand.data, b.operand.data, a.bytes) == 0; }

struct Problem {
  std::vector<int64_t> lengths;
  int64_t rows = 0, heads, kvHeads, headSize, window;
  DType dtype;
  double scale;
  Array q, k, v, dy, starts;
  static int64_t total(const std::vector<int64_t>& lengths) {
    int64_t sum = 0;
    for (const int64_t length : lengths) sum += length;
    return sum;
  }
  Problem(std::vector<int64_t> lengths, int64_t heads, int64_t kvHeads, int64_t headSize, int64_t window, DType dtype)
      : lengths(lengths), rows(total(lengths)), heads(heads), kvHeads(kvHeads), headSize(headSize), window(window),
        dtype(dtype), scale(2 / std::sqrt(static_cast<double>(headSize))),
        q(randomArray(dtype, {rows, heads, headSize}, 1, 2)), k(randomArray(dtype, {rows, kvHeads, headSize}, 2, 2)),
        v(randomArray(dtype, {rows, kvHeads, headSize}, 3)), dy(randomArray(dtype, {rows, heads, headSize}, 4)),
        starts(DType::i32, {rows}) {
    int64_t start = 0;
    for (const int64_t length : lengths) {
      for (int64_t i = 0; i < length; i++) starts.as<int32_t>()[start + i] = static_cast<int32_t>(start);
      start += length;
    }
  }
};

struct Forward {
  Array y, logSums;
  explicit Forward(Problem& problem)
      : y(DType::f32, {problem.rows, problem.heads, problem.headSize}), logSums(DType::f32, {problem.rows, problem.heads}) {}
  Forward(Problem& problem, Team& team) : Forward(problem) {
    run(problem, team);
    expect(y.guardIntact() && logSums.guardIntact(), "attention stays inside");
  }
  void run(Problem& problem, Team& team) {
    const Operand inputs[4] = {problem.q.operand, problem.k.operand, problem.v.operand, problem.starts.operand};
    const Operand outputs[2] = {y.operand, logSums.operand};
    const int32_t ints[1] = {static_cast<int32_t>(problem.window)};
    attention({outputs, 2, inputs, 4, ints, 1, &problem.scale, 1}, team);
  }
};

struct Backward {
  Array dq, dk, dv;
  explicit Backward(Problem& problem, DType dtype = DType::f32)
      : dq(dtype, {problem.rows, problem.heads, problem.headSize}),
        dk(dtype, {problem.rows, problem.kvHeads, problem.headSize}),
        dv(dtype, {problem.rows, problem.kvHeads, problem.headSize}) {}
  Backward(Problem& problem, Forward& forward, Team& team, DType dtype = DType::f32) : Backward(problem, dtype) {
    run(problem, forward, team);
    expect(dq.guardIntact() && dk.guardIntact() && dv.guardIntact(), "attentionGradient stays inside");
  }
  void run(Problem& problem, Forward& forward, Team& team) {
    const Operand inputs[7] = {problem.q.operand, problem.k.operand,       problem.v.operand,     forward.y.operand,
                               forward.logSums.operand, problem.dy.operand, problem.starts.operand};
    const Operand outputs[3] = {dq.operand, dk.operand, dv.operand};
    const int32_t ints[1] = {static_cast<int32_t>(problem.window)};
    attentionGradient({outputs, 3, inputs, 7, ints, 1, &problem.scale, 1}, team);
  }
};

[[maybe_unused]] void checkAgainstDouble(Problem& problem, Forward& forward, Backward& backward) {
  const int64_t size = problem.headSize, heads = problem.heads, group = heads / problem.kvHeads;
  std::vector<double> dq(problem.rows * heads * size), dk(problem.rows * problem.kvHeads * size), dv(dk.size());
  double worst = 0, worstGradient = 0;
  for (int64_t row = 0; row < problem.rows; row++) {
    const int64_t start = problem.starts.as<int32_t>()[row];
    const int64_t first = problem.window > 0 ? std::max(start, row - problem.window + 1) : start;
    for (int64_t head = 0; head < heads; head++) {
      std::vector<double> p(static_cast<size_t>(row - first + 1)), y(static_cast<size_t>(size));
      const auto query = [&](int64_t i) { return (row * heads + head) * size + i; };
      const auto key = [&](int64_t j, int64_t i) { return (j * problem.kvHeads + head / group) * size + i; };
      double total = 0, delta = 0;
      for (int64_t j = first; j <= row; j++) {
        double score = 0;
        for (int64_t i = 0; i < size; i++) score += valueAt(problem.q, query(i)) * valueAt(problem.k, key(j, i));
        total += p[j - first] = std::exp(score * problem.scale);
      }
      for (double& value : p) value /= total;
      for (int64_t i = 0; i < size; i++) {
        for (int64_t j = first; j <= row; j++) y[i] += p[j - first] * valueAt(problem.v, key(j, i));
        worst = larger(worst, std::fabs(y[i] - forward.y.as<float>()[query(i)]));
        delta += y[i] * valueAt(problem.dy, query(i));
      }
      worst = larger(worst, std::fabs(std::log(total) - forward.logSums.as<float>()[row * heads + head]));
      for (int64_t j = first; j <= row; j++) {
        double dp = 0;
        for (int64_t i = 0; i < size; i++) dp += valueAt(problem.dy, query(i)) * valueAt(problem.v, key(j, i));
        const double ds = p[j - first] * (dp - delta) * problem.scale;
        for (int64_t i = 0; i < size; i++) {
          dq[query(i)] += ds * valueAt(problem.k, key(j, i));
          dk[key(j, i)] += ds * valueAt(problem.q, query(i));
          dv[key(j, i)] += p[j - first] * valueAt(problem.dy, query(i));
        }
      }
    }
  }
  for (size_t i = 0; i < dq.size(); i++) worstGradient = larger(worstGradient, std::fabs(dq[i] - backward.dq.as<float>()[i]));
  for (size_t i = 0; i < dk.size(); i++) worstGradient = larger(worstGradient, std::fabs(dk[i] - backward.dk.as<float>()[i]));
  for (size_t i = 0; i < dv.size(); i++) worstGradient = larger(worstGradient, std::fabs(dv[i] - backward.dv.as<float>()[i]));
  const bool bf16 = problem.dtype == DType::bf16;
  checks++;
  if (!(worst <= (bf16 ? 5e-3 : 5e-6)) || !(worstGradient <= (bf16 ? 5e-2 : 3e-5)))
    failures++, std::printf("FAILED attention heads %lld / %lld size %lld window %lld %s: off by %g, gradient %g\n",
                            (long long)heads, (long long)problem.kvHeads, (long long)size, (long long)problem.window,
                            bf16 ? "bf16" : "f32", worst, worstGradient);
}

// Writes all keys and values to shuffled pages, then asks for all rows at once, and for some rows one by one.
void checkCache(Problem& problem, Forward& forward, Team& team) {
  const int64_t sequences = static_cast<int64_t>(problem.lengths.size());
  int64_t blocks = 1;
  for (const int64_t length : problem.lengths) blocks = std::max(blocks, (length + 63) / 64);
  const int64_t pages = sequences * blocks + 1;
  Array table(DType::i32, {sequences, blocks});
  for (int64_t i = 0; i < sequences * blocks; i++) table.as<int32_t>()[i] = static_cast<int32_t>((i * 7 + 3) % pages);
  if (pages % 7 == 0)
    for (int64_t i = 0; i < sequences * blocks; i++) table.as<int32_t>()[i] = static_cast<int32_t>(pages - 1 - i);
  Array keys(problem.dtype, {pages, problem.kvHeads, 64, problem.headSize});
  Array values(problem.dtype, {pages, problem.kvHeads, 64, problem.headSize});
  std::memset(keys.operand.data, 0, keys.bytes);
  std::memset(values.operand.data, 0, values.bytes);
  Array slots(DType::i32, {problem.rows}), sequence(DType::i32, {problem.rows}), position(DType::i32, {problem.rows});
  for (int64_t row = 0, current = -1; row < problem.rows; row++) {
    if (problem.starts.as<int32_t>()[row] == row) current++;
    const int64_t at = row - problem.starts.as<int32_t>()[row];
    sequence.as<int32_t>()[row] = static_cast<int32_t>(current);
    position.as<int32_t>()[row] = static_cast<int32_t>(at);
    slots.as<int32_t>()[row] = table.as<int32_t>()[current * blocks + at / 64] * 64 + static_cast<int32_t>(at % 64);
  }
  const Operand writeKeys[3] = {keys.operand, problem.k.operand, slots.operand};
  const Operand writeValues[3] = {values.operand, problem.v.operand, slots.operand};
  cacheWrite({&keys.operand, 1, writeKeys, 3, nullptr, 0, nullptr, 0}, team);
  cacheWrite({&values.operand, 1, writeValues, 3, nullptr, 0, nullptr, 0}, team);
  expect(keys.guardIntact() && values.guardIntact(), "cacheWrite stays inside");

  const int32_t ints[1] = {static_cast<int32_t>(problem.window)};
  Array y(DType::f32, {problem.rows, problem.heads, problem.headSize});
  Operand inputs[6] = {problem.q.operand, keys.operand, values.operand, sequence.operand, position.operand, table.operand};
  cachedAttention({&y.operand, 1, inputs, 6, ints, 1, &problem.scale, 1}, team);
  expect(y.guardIntact() && same(y, forward.y), "the paged cache gives the bits of packed sequences");

  const int64_t width = problem.heads * problem.headSize;
  for (int64_t row = 0; row < problem.rows; row += 1 + problem.rows / 40) {
    Array one(DType::f32, {1, problem.heads, problem.headSize});
    for (Operand* operand : {&inputs[0], &inputs[3], &inputs[4]}) operand->dims[0] = 1;
    inputs[0].data = problem.q.as<uint8_t>() + row * width * (problem.dtype == DType::bf16 ? 2 : 4);
    inputs[3].data = sequence.as<int32_t>() + row;
    inputs[4].data = position.as<int32_t>() + row;
    cachedAttention({&one.operand, 1, inputs, 6, ints, 1, &problem.scale, 1}, team);
    if (std::memcmp(one.operand.data, forward.y.as<float>() + row * width, one.bytes) != 0) {
      expect(false, "one query gives the bits it has among many");
      break;
    }
  }
}

void check(std::vector<int64_t> lengths, int64_t heads, int64_t kvHeads, int64_t headSize, int64_t window, Team& one, Team& three) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    Problem problem(lengths, heads, kvHeads, headSize, window, dtype);
    Forward forward(problem, one), again(problem, three);
    Backward backward(problem, forward, one), gradientAgain(problem, forward, three);
#if !defined(__SANITIZE_ADDRESS__)  // a sanitized run is held against a plain one by its checksums
    checkAgainstDouble(problem, forward, backward);
#endif
    expect(same(forward.y, again.y) && same(forward.logSums, again.logSums), "three threads give the bits of one");
    expect(same(backward.dq, gradientAgain.dq) && same(backward.dk, gradientAgain.dk) && same(backward.dv, gradientAgain.dv),
           "three threads give the gradient's bits of one");
    checkCache(problem, forward, three);
    Backward rounded(problem, forward, three, DType::bf16);
    for (auto [half, full] : {std::pair{&rounded.dq, &backward.dq}, {&rounded.dk, &backward.dk}, {&rounded.dv, &backward.dv}})
      for (int64_t i = 0; i < full->operand.elements(); i++)
        if (half->as<uint16_t>()[i] != floatToBf16(full->as<float>()[i])) { expect(false, "bf16 gradients are the rounded ones"); break; }
    for (Array* array : {&forward.y, &forward.logSums, &backward.dq, &backward.dk, &backward.dv})
      results.add(dtype == DType::bf16, array->operand.data, array->bytes);
  }
}

// The best of nine runs, in seconds.
template <class Body> double bestTime(const Body& body) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (int repeat = 0; repeat < 9; repeat++) {
    const auto start = Clock::now();
    body();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

void time(int64_t sequences, int64_t length, int64_t heads, int64_t kvHeads, int64_t headSize) {
  static Pool& team = *new Pool;
  team.begin(2);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    Problem problem(std::vector<int64_t>(sequences, length), heads, kvHeads, headSize, 0, dtype);
    Forward forward(problem);
    Backward backward(problem);
    const double forwardBest = bestTime([&] { forward.run(problem, team); });
    const double backwardBest = bestTime([&] { backward.run(problem, forward, team); });
    const double product = 1e-9 * sequences * heads * headSize * length * (length + 1);
    std::printf("%lld × %lld, heads %lld / %lld of %lld, %s, two threads: forward %.2f ms %.0f GFLOP/s, gradient %.2f ms %.0f GFLOP/s\n",
                (long long)sequences, (long long)length, (long long)heads, (long long)kvHeads, (long long)headSize,
                dtype == DType::bf16 ? "bf16" : "f32", forwardBest * 1e3, 2 * product / forwardBest, backwardBest * 1e3,
                5 * product / backwardBest);
    // One new token for each of 8 sequences.
    const int64_t blocks = (length + 63) / 64;
    Array cache(dtype, {8 * blocks, kvHeads, 64, headSize});
    std::memset(cache.operand.data, 0, cache.bytes);
    Array q = randomArray(dtype, {8, heads, headSize}, 5), y(DType::f32, {8, heads, headSize});
    Array sequence(DType::i32, {8}), position(DType::i32, {8}), table(DType::i32, {8, blocks});
    for (int i = 0; i < 8; i++) sequence.as<int32_t>()[i] = i, position.as<int32_t>()[i] = static_cast<int32_t>(length - 1);
    for (int64_t i = 0; i < 8 * blocks; i++) table.as<int32_t>()[i] = static_cast<int32_t>(i);
    const Operand inputs[6] = {q.operand, cache.operand, cache.operand, sequence.operand, position.operand, table.operand};
    const int32_t ints[1] = {0};
    const double best =
        bestTime([&] { cachedAttention({&y.operand, 1, inputs, 6, ints, 1, &problem.scale, 1}, team); });
    std::printf("  decode, 8 rows of %lld keys: %.3f ms, %.1f GB/s of keys and values, %.1f us a row and head\n", (long long)length,
                best * 1e3, 2e-9 * cache.bytes / best, best * 1e6 / 8 / heads * 2);
  }
  team.end();
}

}  // namespace

int main(int argc, char** argv) {
  flushDenormals();
  if (argc > 1 && std::strcmp(argv[1], "time") == 0) {
    // The presets of `bench train`, the recipe of `bench learn`, a prompt, and long sequences with and without groups.
    time(16, 128, 4, 4, 32);
    time(16, 256, 6, 6, 64);
    time(2, 512, 12, 12, 64);
    time(12, 64, 4, 4, 32);
    time(1, 512, 12, 4, 64);
    time(4, 1024, 6, 6, 64);
    time(2, 1024, 8, 2, 64);
    return 0;
  }
  TestTeam one(1), three(3);
  check({1}, 1, 1, 8, 0, one, three);
  check({0, 17, 1, 33}, 2, 2, 8, 0, one, three);
  check({64, 65, 15}, 2, 1, 48, 0, one, three);
  check({200, 63}, 3, 3, 64, 0, one, three);
  check({150}, 4, 2, 64, 0, one, three);
  check({130, 70}, 6, 1, 128, 0, one, three);
  check({300}, 2, 1, 20, 100, one, three);
  check({300, 5}, 2, 2, 16, 1, one, three);
  check({257}, 8, 2, 33, 64, one, three);
  check({193}, 16, 1, 128, 0, one, three);  // more query blocks than a worker's scratch holds
  Problem none({}, 2, 2, 8, 0, DType::f32);
  Forward forward(none, three);
  Backward backward(none, forward, three);
  results.print("attention");
  return finish();
}
