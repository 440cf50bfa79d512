// What a kernel sees: its operands with this run's sizes, its settings, and the team of threads it may split work over.
// Nothing here knows JavaScript; kernels are called in the same way from the tape and from C++ tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace glossa {

enum class DType : int32_t {
  f32 = 0,
  bf16 = 1,
  i32 = 2,
  packedF32 = 3,   // right operand of matmul in column panels, see pack.h
  packedBf16 = 4,  // the same in bf16 pairs
  bytes = 5,       // scratch
  q8_0 = 6,        // weights [outputs, inputs] in blocks of eight bits, see block-panels.h
  q4_0 = 7,        // the same of four bits
};

constexpr int maxRank = 4;

// A place in memory with a shape. `data` is null for an absent optional input.
struct Operand {
  void* data = nullptr;
  DType dtype = DType::f32;
  int32_t rank = 0;
  int64_t dims[maxRank] = {1, 1, 1, 1};
  // Elements from one row (first axis) to the next. Rows themselves are contiguous.
  int64_t rowStride = 0;

  template <class T> T* as() const { return static_cast<T*>(data); }
  bool present() const { return data != nullptr; }
  int64_t elements() const {
    int64_t count = 1;
    for (int axis = 0; axis < rank; axis++) count *= dims[axis];
    return count;
  }
};

// The threads of one run. `forEach` calls body(task, worker) once for every task in [0, tasks) and returns when all are
// done; which worker takes which task is unspecified, so a body must write only what belongs to its task.
class Team {
 public:
  virtual ~Team() = default;
  virtual int size() const = 0;
  virtual void forEach(int64_t tasks, const std::function<void(int64_t task, int worker)>& body) = 0;
  // Private scratch of one worker, 64-byte aligned, the same bytes for as long as the pool lives.
  virtual void* scratch(int worker) = 0;
  static constexpr size_t scratchBytes = 4u << 20;
};

// One instruction of a tape. Operands stand in the order of the op's definition, outputs first.
struct Call {
  const Operand* outputs;
  int outputCount;
  const Operand* inputs;
  int inputCount;
  const int32_t* ints;
  int intCount;
  const double* floats;
  int floatCount;
};

using Kernel = void (*)(const Call&, Team&);

}  // namespace glossa
