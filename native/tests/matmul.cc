// pack and matmul against plain loops in double and against themselves: any number of threads, any company of rows,
// products continued from an accumulator, odd sizes. Prints checksums of all results, the same on each level.
// With the argument "time": rates for some shapes.
#include <chrono>
#include <cmath>
#include <cstring>

#include "../kernels/kernels.h"
#include "../kernels/pack.h"
#include "team.h"

using namespace glossa;
using namespace glossa::LEVEL_NAMESPACE;

namespace {

Array randomArray(DType dtype, std::vector<int64_t> dims, uint64_t seed) {
  Array array(dtype, dims);
  Numbers numbers(seed);
  for (int64_t i = 0; i < array.operand.elements(); i++) {
    const float value = numbers.signedValue();
    if (dtype == DType::bf16) array.as<uint16_t>()[i] = floatToBf16(value);
    else array.as<float>()[i] = value;
  }
  return array;
}

double valueAt(Array& array, int64_t index, bool round) {
  if (array.operand.dtype == DType::bf16) return bf16ToFloat(array.as<uint16_t>()[index]);
  const float value = array.as<float>()[index];
  return round ? bf16ToFloat(floatToBf16(value)) : value;
}

Array packed(DType dtype, Array& source, bool transposed, Team& team) {
  const int64_t first = source.operand.dims[0], second = source.operand.dims[1];
  const int64_t inner = transposed ? second : first, columns = transposed ? first : second;
  Array result(dtype, {inner, columns}, ceilDivide(columns, panelColumns) * panelBytes(dtype, inner));
  const int32_t ints[1] = {transposed};
  pack({&result.operand, 1, &source.operand, 1, ints, 1, nullptr, 0}, team);
  expect(result.guardIntact(), "pack stays inside");
  return result;
}

Array multiplied(DType dtype, Array& left, bool transposed, Array& right, Array* accumulator, Team& team) {
  const int64_t rows = left.operand.dims[transposed ? 1 : 0];
  Array out(dtype, {rows, right.operand.dims[1]});
  const Operand inputs[3] = {left.operand, right.operand, accumulator ? accumulator->operand : Operand{}};
  const int32_t ints[1] = {transposed};
  matmul({&out.operand, 1, inputs, 3, ints, 1, nullptr, 0}, team);
  expect(out.guardIntact(), "matmul stays inside");
  return out;
}

bool same(Array& a, Array& b) { return a.bytes == b.bytes && std::memcmp(a.operand.data, b.operand.data, a.bytes) == 0; }

Checksums results;

void checkShape(int64_t rows, int64_t inner, int64_t columns, Team& team, Team& three) {
  for (int variant = 0; variant < 16; variant++) {
    const bool bf16 = variant & 1, leftTransposed = variant & 2, rightTransposed = variant & 4, accumulate = variant & 8;
    const DType packedType = bf16 ? DType::packedBf16 : DType::packedF32;
    const DType source = bf16 && (variant & 2) ? DType::bf16 : DType::f32;
    using Dims = std::vector<int64_t>;
    Array left = randomArray(source, leftTransposed ? Dims{inner, rows} : Dims{rows, inner}, 1);
    Array right = randomArray(rightTransposed ? source : DType::f32, rightTransposed ? Dims{columns, inner} : Dims{inner, columns}, 2);
    Array start = randomArray(DType::f32, {rows, columns}, 3);
    Array rightPacked = packed(packedType, right, rightTransposed, team);
    Array out = multiplied(DType::f32, left, leftTransposed, rightPacked, accumulate ? &start : nullptr, team);
#if !defined(__SANITIZE_ADDRESS__)  // a sanitized run is held against a plain one by its checksums
    double worst = 0;
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < columns; j++) {
        double wanted = accumulate ? start.as<float>()[i * columns + j] : 0;
        for (int64_t k = 0; k < inner; k++)
          wanted += valueAt(left, leftTransposed ? k * rows + i : i * inner + k, bf16) *
                    valueAt(right, rightTransposed ? j * inner + k : k * columns + j, bf16);
        worst = larger(worst, std::fabs(wanted - out.as<float>()[i * columns + j]));
      }
    }
    checks++;
    if (!(worst <= 2e-6 * (4 + static_cast<double>(inner) / 8)))
      failures++, std::printf("FAILED %lld × %lld × %lld variant %d off by %g\n", (long long)rows, (long long)inner,
                              (long long)columns, variant, worst);
#endif
    results.add(bf16, out.operand.data, out.bytes);
    Array again = multiplied(DType::f32, left, leftTransposed, rightPacked, accumulate ? &start : nullptr, three);
    expect(same(out, again), "three threads give the bits of one");
    Array half = multiplied(DType::bf16, left, leftTransposed, rightPacked, accumulate ? &start : nullptr, three);
    for (int64_t i = 0; i < rows * columns; i++)
      if (half.as<uint16_t>()[i] != floatToBf16(out.as<float>()[i])) { expect(false, "bf16 output is the f32 one rounded"); break; }
    // A row alone, and the first rows alone, give what they give in company.
    if (!leftTransposed && rows > 1) {
      for (int64_t count : {int64_t{1}, int64_t{5}, int64_t{15}}) {
        if (count >= rows) continue;
        Array few(source, {count, inner});
        const int64_t first = rows - count;
        const int64_t size = source == DType::bf16 ? 2 : 4;
        std::memcpy(few.operand.data, left.as<uint8_t>() + first * inner * size, few.bytes);
        Array fewStart(DType::f32, {count, columns});
        std::memcpy(fewStart.operand.data, start.as<float>() + first * columns, fewStart.bytes);
        Array fewOut = multiplied(DType::f32, few, false, rightPacked, accumulate ? &fewStart : nullptr, team);
        expect(std::memcmp(fewOut.operand.data, out.as<float>() + first * columns, fewOut.bytes) == 0,
               "rows alone give the bits they give in company");
      }
    }
  }
}

// A weight gradient (leftᵀ · right) over 160 rows at once, and in micro-batches of 64, 64 and 32, in place.
void checkAccumulation(bool bf16, Team& team) {
  const DType packedType = bf16 ? DType::packedBf16 : DType::packedF32;
  Array left = randomArray(DType::f32, {160, 37}, 4), right = randomArray(DType::f32, {160, 53}, 5);
  Array rightPacked = packed(packedType, right, false, team);
  Array whole = multiplied(DType::f32, left, true, rightPacked, nullptr, team);
  Array running(DType::f32, {37, 53});
  std::memset(running.operand.data, 0, running.bytes);
  for (int64_t first = 0, count = 64; first < 160; first += count) {
    count = std::min<int64_t>(64, 160 - first);
    Array leftPart(DType::f32, {count, 37}), rightPart(DType::f32, {count, 53});
    std::memcpy(leftPart.operand.data, left.as<float>() + first * 37, leftPart.bytes);
    std::memcpy(rightPart.operand.data, right.as<float>() + first * 53, rightPart.bytes);
    Array partPacked = packed(packedType, rightPart, false, team);
    const Operand inputs[3] = {leftPart.operand, partPacked.operand, running.operand};
    const int32_t ints[1] = {1};
    matmul({&running.operand, 1, inputs, 3, ints, 1, nullptr, 0}, team);
  }
  expect(same(whole, running), "accumulating in multiples of 32 rows gives the bits of one pass");
}

// So many inner elements that a block of rows does not fit in scratch.
void checkLongInner(Team& team) {
  constexpr int64_t inner = 300000;
  for (const bool bf16 : {false, true}) {
    Array left = randomArray(DType::f32, {20, inner}, 6), right = randomArray(DType::f32, {inner, 18}, 7);
    Array rightPacked = packed(bf16 ? DType::packedBf16 : DType::packedF32, right, false, team);
    Array out = multiplied(DType::f32, left, false, rightPacked, nullptr, team);
    double wanted = 0;
    for (int64_t k = 0; k < inner; k++) wanted += valueAt(left, 19 * inner + k, bf16) * valueAt(right, k * 18 + 17, bf16);
    expect(std::fabs(wanted - out.as<float>()[19 * 18 + 17]) < 0.01, "a very long inner dimension");
    results.add(bf16, out.operand.data, out.bytes);
  }
}

void time(int64_t rows, int64_t inner, int64_t columns, bool transposed, int threads, DType outType = DType::f32) {
  TestTeam team(threads);
  for (const bool bf16 : {false, true}) {
    if (!bf16 && outType == DType::bf16) continue;
    Array left = randomArray(bf16 ? DType::bf16 : DType::f32, transposed ? std::vector<int64_t>{inner, rows} : std::vector<int64_t>{rows, inner}, 1);
    Array right = randomArray(DType::f32, {inner, columns}, 2);
    Array rightPacked = packed(bf16 ? DType::packedBf16 : DType::packedF32, right, false, team);
    Array out(outType, {rows, columns});
    const Operand inputs[2] = {left.operand, rightPacked.operand};
    const int32_t ints[1] = {transposed};
    double best = 1e9;
    const double once = 2.0 * rows * inner * columns;
    for (int repeat = 0; repeat < 9; repeat++) {
      const auto start = std::chrono::steady_clock::now();
      matmul({&out.operand, 1, inputs, 2, ints, 1, nullptr, 0}, team);
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::printf("%5lld × %5lld × %5lld %s %s %s threads %d: %8.3f ms %7.1f GFLOP/s  right operand at %.1f GB/s\n",
                (long long)rows, (long long)inner, (long long)columns, bf16 ? "bf16" : "f32 ", transposed ? "Aᵀ" : "A ",
                outType == DType::bf16 ? "→ bf16" : "→ f32 ", threads, best * 1e3, once / best * 1e-9, rightPacked.bytes / best * 1e-9);
  }
}

// What one core can do at most: independent fmas on registers.
double peak() {
  double best = 0;
  for (int repeat = 0; repeat < 5; repeat++) {
    parts::Float sums[12];
    for (int j = 0; j < 12; j++) sums[j] = parts::broadcast(static_cast<float>(j));
    const parts::Float a = parts::broadcast(0.999f), b = parts::broadcast(0.001f);
    constexpr int64_t rounds = 4000000;
    const auto start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < rounds; i++)
      _Pragma("GCC unroll 16") for (int j = 0; j < 12; j++) sums[j] = parts::fma(sums[j], a, b);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    volatile float used = 0;
    for (auto& value : sums) {
      float lanes[parts::lanes];
      parts::store(lanes, value);
      used = used + lanes[0];
    }
    best = std::max(best, 2.0 * rounds * 12 * parts::lanes / seconds * 1e-9);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  flushDenormals();
  if (argc > 1 && std::strcmp(argv[1], "time") == 0) {
    std::printf("peak of one core: %.1f GFLOP/s\n", peak());
    for (const int threads : {1, 2}) {
      time(1024, 1024, 1024, false, threads);
      time(4096, 384, 1152, false, threads);
      time(4096, 384, 4096, false, threads);
      time(1024, 4096, 768, true, threads);
      time(4096, 384, 1536, false, threads, DType::bf16);
      time(4096, 1536, 384, false, threads, DType::bf16);
      time(4096, 1536, 384, false, threads);
      time(384, 4096, 1536, true, threads);
      time(1536, 4096, 384, true, threads);
      time(128, 2048, 512, true, threads);
      time(2048, 128, 512, false, threads, DType::bf16);
      time(1, 1024, 4096, false, threads);
      time(8, 1024, 4096, false, threads);
    }
    return 0;
  }
  TestTeam one(1), three(3);
  const int64_t sizes[] = {0, 1, 2, 15, 16, 17, 33, 70};
  for (const int64_t rows : sizes)
    for (const int64_t inner : {0, 1, 31, 32, 33, 65})
      for (const int64_t columns : {1, 15, 17, 33, 64}) checkShape(rows, inner, columns, one, three);
  checkShape(0, 5, 3, one, three);
  checkShape(5, 5, 0, one, three);
  checkShape(131, 300, 150, one, three);
  checkShape(48, 2100, 48, one, three);  // so many inner elements that the sums wait in the output
  checkAccumulation(false, three);
  checkAccumulation(true, three);
  checkLongInner(three);
  results.print("matmul");
  return finish();
}
