// What the kernel tests share: a team of threads, operands made of vectors, and small random numbers.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "../kernels/kernel.h"
#include "../platform/platform.h"

namespace glossa {

// Denormals are zero, as on the engine's threads.
inline void flushDenormals() { platform::flushDenormals(); }

// Bytes behind the end of a buffer that no kernel may touch. The address sanitizer guards the very end by itself, and
// sees reads as well.
#if defined(__SANITIZE_ADDRESS__)
constexpr int64_t guardBytes = 0;
#else
constexpr int64_t guardBytes = 64;
#endif

class TestTeam : public Team {
 public:
  explicit TestTeam(int threads) : threads_(threads) {
    for (int i = 0; i < threads; i++) scratch_.emplace_back(scratchBytes);
  }
  TestTeam(const TestTeam&) = delete;
  TestTeam& operator=(const TestTeam&) = delete;
  int size() const override { return threads_; }
  void forEach(int64_t tasks, const std::function<void(int64_t, int)>& body) override {
    std::atomic<int64_t> next{0};
    auto work = [&](int worker) {
      flushDenormals();
      for (int64_t task; (task = next.fetch_add(1)) < tasks;) body(task, worker);
    };
    std::vector<std::thread> others;
    for (int worker = 1; worker < threads_ && tasks > 1; worker++) others.emplace_back(work, worker);
    work(0);
    for (std::thread& thread : others) thread.join();
  }
  void* scratch(int worker) override { return scratch_[static_cast<size_t>(worker)].data(); }

 private:
  int threads_;
  std::vector<platform::Buffer> scratch_;
};

// 64-byte aligned memory with a shape, filled with a pattern so that what a kernel forgets to write shows.
class Array {
 public:
  Array(DType dtype, std::vector<int64_t> dims, int64_t bytes = -1) {
    operand.dtype = dtype;
    operand.rank = static_cast<int32_t>(dims.size());
    for (size_t i = 0; i < dims.size(); i++) operand.dims[i] = dims[i];
    if (bytes < 0) bytes = operand.elements() * (dtype == DType::bf16 ? 2 : 4);
    this->bytes = bytes;
    memory_ = platform::Buffer(static_cast<size_t>(bytes + guardBytes + (bytes == 0)));
    std::memset(memory_.data(), 0xa5, memory_.size());
    operand.data = memory_.data();
  }
  template <class T> T* as() { return static_cast<T*>(operand.data); }
  bool guardIntact() const {
    for (size_t i = static_cast<size_t>(bytes); i < memory_.size(); i++)
      if (memory_.data()[i] != 0xa5) return false;
    return true;
  }
  Operand operand;
  int64_t bytes;

 private:
  platform::Buffer memory_;
};

// The same numbers on each machine: a linear congruential generator, sums of two for a rounder shape.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed * 2 + 1) {}
  uint32_t next() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<uint32_t>(state_ >> 33);
  }
  float uniform() { return static_cast<float>(next() & 0xffffff) / 16777216.0f; }
  float signedValue() { return uniform() + uniform() - 1.0f; }

 private:
  uint64_t state_;
};

inline uint64_t checksum(const void* data, int64_t bytes, uint64_t sum = 14695981039346656037ull) {
  for (int64_t i = 0; i < bytes; i++) sum = (sum ^ static_cast<const uint8_t*>(data)[i]) * 1099511628211ull;
  return sum;
}

inline int checks = 0;
inline int failures = 0;
inline void expect(bool good, const char* what) {
  checks++;
  if (good) return;
  failures++;
  std::printf("FAILED %s\n", what);
}

// The larger of two errors; NaN, once met, stays.
inline double larger(double worst, double error) { return (worst < error ? error : worst) + 0 * error; }

// A test program's last line, and its exit code.
inline int finish() {
  std::printf("%d checks passed, %d failed\n", checks - failures, failures);
  return failures == 0 ? 0 : 1;
}

// Checksums of the results of one kind, f32 or bf16. Levels must agree on them; avx512bf16 has its own of bf16.
class Checksums {
 public:
  void add(bool bf16, const void* data, int64_t bytes) { sums_[bf16] = checksum(data, bytes, sums_[bf16]); }
  void print(const char* name) const {
    for (const bool bf16 : {false, true})
      std::printf("%s %s checksum %016llx\n", name, bf16 ? "bf16" : "f32", static_cast<unsigned long long>(sums_[bf16]));
  }

 private:
  uint64_t sums_[2] = {14695981039346656037ull, 14695981039346656037ull};
};

}  // namespace glossa
