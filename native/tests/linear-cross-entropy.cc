// logSumExp, linearCrossEntropy and its gradient: against plain loops in double; bits equal to a whole matrix of logits
// reduced by logSumExp; any number of threads, a row alone, micro-batches. Prints checksums, the same on each level.
#include <chrono>
#include <cmath>
#include <cstring>
#include <tuple>

#include "../kernels/kernels.h"
#include "../kernels/pack.h"
#include "team.h"

using namespace glossa;
using namespace glossa::LEVEL_NAMESPACE;

namespace {

Checksums results;

Array randomArray(std::vector<int64_t> dims, uint64_t seed, float scale) {
  Array array(DType::f32, dims);
  Numbers numbers(seed);
  for (int64_t i = 0; i < array.operand.elements(); i++) array.as<float>()[i] = numbers.signedValue() * scale;
  return array;
}

Array packed(bool bf16, const Operand& source, bool transposed, Team& team) {
  const DType dtype = bf16 ? DType::packedBf16 : DType::packedF32;
  const int64_t inner = source.dims[transposed ? 1 : 0], columns = source.dims[transposed ? 0 : 1];
  Array result(dtype, {inner, columns}, ceilDivide(columns, panelColumns) * panelBytes(dtype, inner));
  const int32_t ints[1] = {transposed};
  pack({&result.operand, 1, &source, 1, ints, 1, nullptr, 0}, team);
  return result;
}

Operand rowsOf(Array& array, int64_t first, int64_t count) {
  Operand part = array.operand;
  part.data = array.as<float>() + first * (part.rank > 1 ? part.dims[1] : 1);
  part.dims[0] = count;
  return part;
}

struct Problem {
  int64_t rows, width, vocabulary;
  bool bf16;
  Array hidden, weight, targets, dnll;
  Problem(int64_t rows, int64_t width, int64_t vocabulary, bool bf16)
      : rows(rows), width(width), vocabulary(vocabulary), bf16(bf16), hidden(randomArray({rows, width}, 1, 1)),
        weight(randomArray({vocabulary, width}, 2, 0.7f)), targets(DType::i32, {rows}), dnll(randomArray({rows}, 3, 1)) {
    Numbers numbers(4);
    for (int64_t row = 0; row < rows; row++)
      targets.as<int32_t>()[row] = row % 5 == 3 ? -1 : static_cast<int32_t>(numbers.next() % vocabulary);
  }
  double value(float x) const { return bf16 ? bf16ToFloat(floatToBf16(x)) : x; }
};

struct Forward {
  Array nll, logSums;
  Forward(Problem& problem, Team& team, int64_t first, int64_t count)
      : nll(DType::f32, {count}), logSums(DType::f32, {count}) {
    Array weightPacked = packed(problem.bf16, problem.weight.operand, true, team);
    const Operand inputs[3] = {rowsOf(problem.hidden, first, count), weightPacked.operand,
                               rowsOf(problem.targets, first, count)};
    const Operand outputs[2] = {nll.operand, logSums.operand};
    linearCrossEntropy({outputs, 2, inputs, 3, nullptr, 0, nullptr, 0}, team);
    expect(nll.guardIntact() && logSums.guardIntact(), "linearCrossEntropy stays inside");
  }
};

struct Backward {
  Array dhidden, dweight;
  Backward(Problem& problem, Team& team, std::vector<int64_t> batches)
      : dhidden(DType::f32, {problem.rows, problem.width}), dweight(DType::f32, {problem.vocabulary, problem.width}) {
    Array weightPacked = packed(problem.bf16, problem.weight.operand, true, team);
    Array weightTransposed = packed(problem.bf16, problem.weight.operand, false, team);
    int64_t first = 0;
    for (const int64_t count : batches) {
      Forward forward(problem, team, first, count);
      const Operand hidden = rowsOf(problem.hidden, first, count);
      Array hiddenPacked = packed(problem.bf16, hidden, false, team);
      Array scratch(DType::bytes, {count * 1024 * 4}, count * 1024 * 4);
      const Operand inputs[8] = {hidden,
                                 weightPacked.operand,
                                 weightTransposed.operand,
                                 hiddenPacked.operand,
                                 rowsOf(problem.targets, first, count),
                                 forward.logSums.operand,
                                 rowsOf(problem.dnll, first, count),
                                 first == 0 ? Operand{} : dweight.operand};
      const Operand outputs[3] = {rowsOf(dhidden, first, count), dweight.operand, scratch.operand};
      linearCrossEntropyGradient({outputs, 3, inputs, 8, nullptr, 0, nullptr, 0}, team);
      expect(scratch.guardIntact(), "the gradient's scratch is rows · 4,096 bytes");
      first += count;
    }
    expect(dhidden.guardIntact() && dweight.guardIntact(), "linearCrossEntropyGradient stays inside");
  }
};

bool same(Array& a, Array& b) { return std::memcmp(a.operand.data, b.operand.data, a.bytes) == 0; }

[[maybe_unused]] void checkAgainstDouble(Problem& problem, Forward& forward, Backward& backward) {
  const auto [rows, width, vocabulary, bf16] = std::tuple(problem.rows, problem.width, problem.vocabulary, problem.bf16);
  std::vector<double> dhidden(static_cast<size_t>(rows * width)), dweight(static_cast<size_t>(vocabulary * width));
  double worst = 0;
  for (int64_t row = 0; row < rows; row++) {
    std::vector<double> logits(static_cast<size_t>(vocabulary));
    double total = 0;
    for (int64_t j = 0; j < vocabulary; j++) {
      for (int64_t k = 0; k < width; k++)
        logits[j] += problem.value(problem.hidden.as<float>()[row * width + k]) *
                     problem.value(problem.weight.as<float>()[j * width + k]);
      total += std::exp(logits[j]);
    }
    const int32_t target = problem.targets.as<int32_t>()[row];
    const double logSum = std::log(total);
    worst = larger(worst, std::fabs(logSum - forward.logSums.as<float>()[row]));
    worst = larger(worst, std::fabs((target < 0 ? 0 : logSum - logits[target]) - forward.nll.as<float>()[row]));
    for (int64_t j = 0; j < vocabulary && target >= 0; j++) {
      const double d = (std::exp(logits[j] - logSum) - (j == target)) * problem.dnll.as<float>()[row];
      for (int64_t k = 0; k < width; k++) {
        dhidden[row * width + k] += d * problem.value(problem.weight.as<float>()[j * width + k]);
        dweight[j * width + k] += d * problem.value(problem.hidden.as<float>()[row * width + k]);
      }
    }
  }
  double worstGradient = 0;
  for (int64_t i = 0; i < rows * width; i++)
    worstGradient = larger(worstGradient, std::fabs(dhidden[i] - backward.dhidden.as<float>()[i]));
  for (int64_t i = 0; i < vocabulary * width; i++)
    worstGradient = larger(worstGradient, std::fabs(dweight[i] - backward.dweight.as<float>()[i]));
  checks++;
  if (!(worst <= 1e-5 && worstGradient <= (bf16 ? 6e-3 : 1e-5)))
    failures++, std::printf("FAILED %lld × %lld × %lld %s off by %g, gradient %g\n", (long long)rows, (long long)width,
                            (long long)vocabulary, bf16 ? "bf16" : "f32", worst, worstGradient);
}

void check(int64_t rows, int64_t width, int64_t vocabulary, bool bf16, Team& one, Team& three) {
  Problem problem(rows, width, vocabulary, bf16);
  Forward forward(problem, one, 0, rows);
  Backward backward(problem, one, {rows});
#if !defined(__SANITIZE_ADDRESS__)  // a sanitized run is held against a plain one by its checksums
  checkAgainstDouble(problem, forward, backward);
#endif

  // The same bits as logits standing in memory.
  Array weightPacked = packed(bf16, problem.weight.operand, true, one);
  Array logits(DType::f32, {rows, vocabulary}), logSums(DType::f32, {rows, 1});
  const Operand inputs[2] = {problem.hidden.operand, weightPacked.operand};
  const int32_t ints[1] = {0};
  matmul({&logits.operand, 1, inputs, 2, ints, 1, nullptr, 0}, one);
  logSumExp({&logSums.operand, 1, &logits.operand, 1, nullptr, 0, nullptr, 0}, three);
  expect(same(logSums, forward.logSums), "linearCrossEntropy = logSumExp of the matmul's logits");
  for (int64_t row = 0; row < rows; row++) {
    const int32_t target = problem.targets.as<int32_t>()[row];
    const float wanted = target < 0 ? 0 : logSums.as<float>()[row] - logits.as<float>()[row * vocabulary + target];
    if (wanted != forward.nll.as<float>()[row]) expect(false, "nll = logSumExp − the matmul's logit");
  }
  Forward again(problem, three, 0, rows);
  expect(same(again.nll, forward.nll) && same(again.logSums, forward.logSums), "three threads give the bits of one");
  Backward gradientAgain(problem, three, {rows});
  expect(same(gradientAgain.dhidden, backward.dhidden) && same(gradientAgain.dweight, backward.dweight),
         "three threads give the gradient's bits of one");
  Forward alone(problem, one, rows - 1, 1);
  expect(alone.nll.as<float>()[0] == forward.nll.as<float>()[rows - 1], "a row alone gives its bits");
  if (rows > 64) {
    Backward parts(problem, three, {32, rows - 32});
    expect(same(parts.dhidden, backward.dhidden) && same(parts.dweight, backward.dweight),
           "micro-batches of a multiple of 32 rows give the bits of one pass");
  }
  results.add(bf16, forward.nll.operand.data, forward.nll.bytes);
  results.add(bf16, forward.logSums.operand.data, forward.logSums.bytes);
  results.add(bf16, backward.dhidden.operand.data, backward.dhidden.bytes);
  results.add(bf16, backward.dweight.operand.data, backward.dweight.bytes);
}

void checkEdges(Team& team) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> values(3000, -infinity);
  expect(rowLogSumExp(values.data(), 3000) == -infinity, "the log-sum-exp of nothing but −∞ is −∞");
  values[2500] = 1.5f;
  expect(rowLogSumExp(values.data(), 3000) == 1.5f, "chunks that are −∞ wholly add nothing");
  values[3] = std::nanf("");
  expect(std::isnan(rowLogSumExp(values.data(), 3000)), "a NaN comes through");
  Problem none(1, 8, 16, false);
  Forward forward(none, team, 0, 0);
}

void time(bool bf16) {
  using Clock = std::chrono::steady_clock;
  TestTeam team(2);
  Problem problem(2048, 384, 8192, bf16);
  Array weightPacked = packed(bf16, problem.weight.operand, true, team);
  Array weightTransposed = packed(bf16, problem.weight.operand, false, team);
  Array hiddenPacked = packed(bf16, problem.hidden.operand, false, team);
  Array nll(DType::f32, {2048}), logSums(DType::f32, {2048}), dhidden(DType::f32, {2048, 384});
  Array dweight(DType::f32, {8192, 384}), scratch(DType::bytes, {1}, 2048 * 4096);
  const Operand inputs[7] = {problem.hidden.operand,   weightPacked.operand,    weightTransposed.operand,
                             hiddenPacked.operand,     problem.targets.operand, logSums.operand,
                             problem.dnll.operand};
  const Operand forwardInputs[3] = {problem.hidden.operand, weightPacked.operand, problem.targets.operand};
  const Operand outputs[2] = {nll.operand, logSums.operand};
  const Operand gradients[3] = {dhidden.operand, dweight.operand, scratch.operand};
  double forward = 1e9, backward = 1e9;
  for (int repeat = 0; repeat < 4; repeat++) {
    const auto start = Clock::now();
    linearCrossEntropy({outputs, 2, forwardInputs, 3, nullptr, 0, nullptr, 0}, team);
    const auto middle = Clock::now();
    linearCrossEntropyGradient({gradients, 3, inputs, 7, nullptr, 0, nullptr, 0}, team);
    forward = std::min(forward, std::chrono::duration<double>(middle - start).count());
    backward = std::min(backward, std::chrono::duration<double>(Clock::now() - middle).count());
  }
  const double product = 2.0 * 2048 * 384 * 8192 * 1e-9;
  std::printf("2048 × 384 × 8192 %s, two threads: forward %.1f ms %.0f GFLOP/s, gradient %.1f ms %.0f GFLOP/s\n",
              bf16 ? "bf16" : "f32", forward * 1e3, product / forward, backward * 1e3, 3 * product / backward);
}

}  // namespace

int main(int argc, char** argv) {
  flushDenormals();
  if (argc > 1 && std::strcmp(argv[1], "time") == 0) {
    time(false);
    time(true);
    return 0;
  }
  TestTeam one(1), three(3);
  for (const bool bf16 : {false, true}) {
    check(1, 8, 16, bf16, one, three);
    check(3, 33, 1500, bf16, one, three);
    check(17, 16, 2083, bf16, one, three);
    check(130, 40, 1027, bf16, one, three);
    check(300, 48, 1024, bf16, one, three);
  }
  checkEdges(three);
  results.print("linearCrossEntropy");
  return finish();
}
