// What the kernel tests share: a team of threads, operands made of vectors, and small random numbers.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "../kernels/kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace glossa {

// Denormals are zero, as on the engine's threads.
inline void flushDenormals() {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#elif defined(__aarch64__)
  uint64_t control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" ::"r"(control | (1ull << 24)));
#endif
}

class TestTeam : public Team {
 public:
  explicit TestTeam(int threads) : threads_(threads) {
    for (int i = 0; i < threads; i++) scratch_.push_back(std::aligned_alloc(64, scratchBytes));
  }
  ~TestTeam() override {
    for (void* memory : scratch_) std::free(memory);
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
  void* scratch(int worker) override { return scratch_[static_cast<size_t>(worker)]; }

 private:
  int threads_;
  std::vector<void*> scratch_;
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
    // A guard behind the end finds writes beyond it.
    memory_.reset(static_cast<uint8_t*>(std::aligned_alloc(64, static_cast<size_t>((bytes + 64 + 63) / 64 * 64))));
    for (int64_t i = 0; i < bytes + 64; i++) memory_.get()[i] = 0xa5;
    operand.data = memory_.get();
  }
  template <class T> T* as() { return static_cast<T*>(operand.data); }
  bool guardIntact() const {
    for (int64_t i = bytes; i < bytes + 64; i++)
      if (memory_.get()[i] != 0xa5) return false;
    return true;
  }
  Operand operand;
  int64_t bytes;

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
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

inline int failures = 0;
inline void expect(bool good, const char* what) {
  if (good) return;
  failures++;
  std::printf("FAILED %s\n", what);
}

}  // namespace glossa
