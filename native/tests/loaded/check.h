// What the test programs share: a count of checks, tensors that own their bytes, calls on any level and any number of
// threads, and inputs from a fixed generator.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "../../executor/dispatch.h"
#include "../../generated/ops.h"
#include "../../kernels/kernel.h"
#include "../../platform/platform.h"
#include "../../threads/pool.h"

namespace glossa::tests {

inline std::atomic<int> checks = 0;
inline std::atomic<int> failures = 0;

inline void expect(bool condition, const std::string& what) {
  checks++;
  if (condition) return;
  failures++;
  if (failures <= 20) std::printf("  FAILED: %s\n", what.c_str());
}

// |came − wanted| ≤ tolerance · (1 + |wanted|); infinities and NaN must match.
inline void expectClose(double came, double wanted, double tolerance, const std::string& what) {
  const bool same = came == wanted || (std::isnan(came) && std::isnan(wanted));
  const bool close = std::fabs(came - wanted) <= tolerance * (1 + std::fabs(wanted));
  char numbers[80];
  std::snprintf(numbers, sizeof numbers, ": came %.9g, wanted %.9g", came, wanted);
  expect(same || close, what + numbers);
}

inline int finish(const char* program) {
  std::printf("%s: %d checks passed, %d failed\n", program, checks - failures, failures.load());
  return failures == 0 ? 0 : 1;
}

// Numbers in [−1, 1), the same on every machine.
class Numbers {
 public:
  explicit Numbers(uint32_t seed) : state_(seed * 2654435761u + 1) {}
  uint32_t bits() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    return state_ ^= state_ << 5;
  }
  float next() { return static_cast<float>(bits() >> 8) / static_cast<float>(1 << 23) - 1.0f; }
  int32_t below(int32_t limit) { return static_cast<int32_t>(bits() % static_cast<uint32_t>(limit)); }

 private:
  uint32_t state_;
};

inline uint16_t toBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (value != value) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}
inline float fromBf16(uint16_t half) {
  const uint32_t bits = uint32_t(half) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

// A tensor. After its last byte stands a fence that no kernel may touch.
struct Tensor {
  Tensor(DType type, std::vector<int64_t> sizes, int64_t rowStride = 0) : dtype(type) {
    operand.dtype = type;
    operand.rank = static_cast<int32_t>(sizes.size());
    int64_t row = 1;
    for (size_t axis = 0; axis < sizes.size(); axis++) {
      operand.dims[axis] = sizes[axis];
      if (axis > 0) row *= sizes[axis];
    }
    operand.rowStride = rowStride > 0 ? rowStride : row;
    const int64_t elements = sizes.empty() ? 1 : sizes[0] * operand.rowStride;
    used = static_cast<size_t>(elements) * (type == DType::bf16 ? 2 : type == DType::bytes ? 1 : 4);
    bytes.assign(used + fence + (used == 0), 0xA5);
    operand.data = bytes.data();
  }
  Tensor(const Tensor& other) : operand(other.operand), dtype(other.dtype), used(other.used), bytes(other.bytes) {
    operand.data = bytes.data();
  }
  Tensor& operator=(const Tensor& other) {
    operand = other.operand;
    dtype = other.dtype;
    used = other.used;
    bytes = other.bytes;
    operand.data = bytes.data();
    return *this;
  }
  float at(int64_t element) const {
    if (dtype == DType::bf16) return fromBf16(reinterpret_cast<const uint16_t*>(bytes.data())[element]);
    if (dtype == DType::i32) return static_cast<float>(reinterpret_cast<const int32_t*>(bytes.data())[element]);
    return reinterpret_cast<const float*>(bytes.data())[element];
  }
  int32_t intAt(int64_t element) const { return reinterpret_cast<const int32_t*>(bytes.data())[element]; }
  void set(int64_t element, double value) {
    if (dtype == DType::bf16) reinterpret_cast<uint16_t*>(bytes.data())[element] = toBf16(static_cast<float>(value));
    else if (dtype == DType::i32) reinterpret_cast<int32_t*>(bytes.data())[element] = static_cast<int32_t>(value);
    else reinterpret_cast<float*>(bytes.data())[element] = static_cast<float>(value);
  }
  int64_t stored() const { return static_cast<int64_t>(used) / (dtype == DType::bf16 ? 2 : dtype == DType::bytes ? 1 : 4); }
  bool fenceStands() const {
    for (size_t i = used; i < bytes.size(); i++) {
      if (bytes[i] != 0xA5) return false;
    }
    return true;
  }

  // The address sanitizer guards the very end by itself; one byte keeps the place of nothing from being nowhere.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr size_t fence = 0;
#else
  static constexpr size_t fence = 256;
#endif
  Operand operand;
  DType dtype;
  size_t used;
  std::vector<uint8_t> bytes;
};

inline Tensor random(Numbers& numbers, std::vector<int64_t> sizes, DType dtype = DType::f32, double scale = 1,
                     int64_t rowStride = 0) {
  Tensor tensor(dtype, std::move(sizes), rowStride);
  for (int64_t i = 0; i < tensor.stored(); i++) tensor.set(i, numbers.next() * scale);
  return tensor;
}
inline Tensor constant(std::vector<int64_t> sizes, double value, DType dtype = DType::f32) {
  Tensor tensor(dtype, std::move(sizes));
  for (int64_t i = 0; i < tensor.stored(); i++) tensor.set(i, value);
  return tensor;
}
inline Tensor ids(Numbers& numbers, int64_t count, int32_t limit) {
  Tensor tensor(DType::i32, {count});
  for (int64_t i = 0; i < count; i++) tensor.set(i, numbers.below(limit));
  return tensor;
}

inline std::string folder;

// One call of a kernel: outputs start as given; −1 in `alias[i]` or the input that output i lies on.
struct Trial {
  KernelNumber kernel;
  std::vector<Tensor> outputs;
  std::vector<Tensor> inputs;
  std::vector<int32_t> ints;
  std::vector<double> floats;
  std::vector<int> alias;
  std::vector<bool> absent;  // inputs that are left out

  // Runs a copy of this and gives back its outputs.
  std::vector<Tensor> run(const std::string& level, int threads) const {
    static auto* pool = new Pool;
    std::vector<Tensor> out = outputs;
    std::vector<Tensor> in = inputs;
    std::vector<Operand> outOperands, inOperands;
    for (size_t i = 0; i < in.size(); i++) {
      inOperands.push_back(in[i].operand);
      if (i < absent.size() && absent[i]) inOperands.back().data = nullptr;
    }
    for (size_t i = 0; i < out.size(); i++) {
      outOperands.push_back(out[i].operand);
      if (i < alias.size() && alias[i] >= 0) outOperands.back().data = in[alias[i]].operand.data;
    }
    const Call call{outOperands.data(),
                    static_cast<int>(outOperands.size()),
                    inOperands.data(),
                    static_cast<int>(inOperands.size()),
                    ints.data(),
                    static_cast<int>(ints.size()),
                    floats.data(),
                    static_cast<int>(floats.size())};
    pool->begin(threads);
    try {
      openKernels(folder, level).kernels[static_cast<int>(kernel)](call, *pool);
    } catch (...) {
      pool->end();
      throw;
    }
    pool->end();
    for (size_t i = 0; i < out.size(); i++) {
      if (i < alias.size() && alias[i] >= 0) out[i] = in[alias[i]];
      expect(out[i].fenceStands(), "output " + std::to_string(i) + " was written beyond its end, level " + level);
    }
    return out;
  }

  // Runs on every level and on 1, 2, 3 and 8 threads; all must give the same bits, which are handed back.
  std::vector<Tensor> runEverywhere(const std::string& what) const {
    std::vector<Tensor> first;
    for (const std::string& level : builtLevels(folder)) {
      for (const int threads : {1, 2, 3, 8}) {
        std::vector<Tensor> came = run(level, threads);
        if (first.empty()) {
          first = std::move(came);
          continue;
        }
        for (size_t i = 0; i < came.size(); i++) {
          expect(std::memcmp(came[i].bytes.data(), first[i].bytes.data(), came[i].used) == 0,
                 what + ": output " + std::to_string(i) + " has other bits on " + level + " with " +
                     std::to_string(threads) + " threads");
        }
      }
    }
    return first;
  }
};

// For a test program that is built once: its argument is the folder of the kernels.
inline int runTests(int count, char** arguments, const char* program, const std::function<void()>& tests) {
  folder = count > 1 ? arguments[1] : ".";
  platform::flushDenormals();
  try {
    tests();
  } catch (const std::exception& error) {
    expect(false, std::string("an exception: ") + error.what());
  }
  return finish(program);
}

}  // namespace glossa::tests
