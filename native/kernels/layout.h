// How kernels walk over operands: rows of the last axis, slices along one axis, tasks of a fair size, and loads and
// stores that convert. Only an operand's first axis may have a stride of its own.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>

#include "../simd/vector.h"
#include "kernels.h"

namespace glossa::GLOSSA_LEVEL {

// Turns a call that no planner should make into a failed run instead of a crash.
inline void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

inline int64_t rowSize(const Operand& operand) {
  int64_t size = 1;
  for (int axis = 1; axis < operand.rank; axis++) size *= operand.dims[axis];
  return size;
}
inline int64_t firstStride(const Operand& operand) {
  return operand.rowStride > 0 ? operand.rowStride : rowSize(operand);
}
inline bool isContiguous(const Operand& operand) {
  return operand.rank == 0 || operand.dims[0] <= 1 || firstStride(operand) == rowSize(operand);
}
inline int64_t bytesOf(DType dtype) { return dtype == DType::bf16 ? 2 : dtype == DType::bytes ? 1 : 4; }
inline char* at(const Operand& operand, int64_t element) {
  return operand.as<char>() + element * bytesOf(operand.dtype);
}

// The rows of the last axis: [..., width] as [count, width].
class Rows {
 public:
  explicit Rows(const Operand& operand)
      : width(operand.rank == 0 ? 1 : operand.dims[operand.rank - 1]),
        perFirst_(1),
        stride_(operand.rank >= 2 ? firstStride(operand) : width) {
    count = operand.rank >= 2 ? operand.dims[0] : 1;
    for (int axis = 1; axis + 1 < operand.rank; axis++) perFirst_ *= operand.dims[axis];
    count *= perFirst_;
  }
  // The element a row begins at.
  int64_t start(int64_t row) const {
    return perFirst_ == 1 ? row * stride_ : row / perFirst_ * stride_ + row % perFirst_ * width;
  }
  int64_t count;
  int64_t width;

 private:
  int64_t perFirst_;
  int64_t stride_;
};

// One axis with what is before and behind it: [outer, count, inner].
class AxisView {
 public:
  AxisView(const Operand& operand, int axis) : first_(axis == 0), stride_(firstStride(operand)) {
    require(axis >= 0 && axis < operand.rank, "the axis does not exist");
    for (int i = 0; i < axis; i++) outer *= operand.dims[i];
    for (int i = 1; i < axis; i++) perFirst_ *= operand.dims[i];
    count = operand.dims[axis];
    for (int i = axis + 1; i < operand.rank; i++) inner *= operand.dims[i];
  }
  // The element at index `position` along the axis; `inner` elements from there are contiguous.
  int64_t start(int64_t outerIndex, int64_t position) const {
    if (first_) return position * stride_;
    return outerIndex / perFirst_ * stride_ + (outerIndex % perFirst_ * count + position) * inner;
  }
  // From one position along the axis to the next.
  int64_t step() const { return first_ ? stride_ : inner; }
  int64_t outer = 1;
  int64_t count = 1;
  int64_t inner = 1;

 private:
  bool first_;
  int64_t stride_;
  int64_t perFirst_ = 1;
};

// Asks for a piece of a matrix of f32 or bf16 before it is read or written: rows far apart are what processors do not
// foresee by themselves.
inline void fetchRows(const void* data, bool bf16, int64_t stride, int64_t row, int64_t rows, int64_t column,
                      int64_t columns) {
  constexpr int64_t line = 64;
  const int64_t size = bf16 ? 2 : 4;
  for (int64_t i = row; i < row + rows; i++) {
    const char* from = static_cast<const char*>(data) + (i * stride + column) * size;
    for (int64_t byte = 0; byte < columns * size; byte += line) __builtin_prefetch(from + byte, 0, 2);
  }
}

// Calls body(begin, end, worker) over [0, count) in tasks of about 16,384 elements, `elementsEach` to an index.
template <class Body> void forRanges(Team& team, int64_t count, int64_t elementsEach, const Body& body) {
  constexpr int64_t fair = 16384;
  const int64_t each = std::max<int64_t>(1, fair / std::max<int64_t>(1, elementsEach));
  team.forEach((count + each - 1) / each, [&](int64_t task, int worker) {
    body(task * each, std::min(count, (task + 1) * each), worker);
  });
}

inline int lanesFrom(int64_t index, int64_t end) {
  return end - index < vectorLanes ? static_cast<int>(end - index) : vectorLanes;
}

// Calls body(index, lanes) for each vector of [0, count): whole ones, whose lanes are known when compiled, and what is left.
template <class Body> inline void forVectors(int64_t count, const Body& body) {
  int64_t index = 0;
  for (; index + vectorLanes <= count; index += vectorLanes) body(index, vectorLanes);
  if (index < count) body(index, lanesFrom(index, count));
}

// `count` lanes from an element on, as floats; the others are zero. f32, bf16 or i32.
inline F32x16 loadLanes(const Operand& operand, int64_t element, int count) {
  switch (operand.dtype) {
    case DType::bf16: return loadBf16(operand.as<uint16_t>() + element, count);
    case DType::i32: return toFloat(loadInt(operand.as<int32_t>() + element, count));
    default: return load(operand.as<float>() + element, count);
  }
}

// The same with the type known when compiled: calls body with load(element, count) of an operand of f32 or bf16.
template <class Body> void withLoader(const Operand& operand, const Body& body) {
  require(operand.dtype == DType::f32 || operand.dtype == DType::bf16, "an input is neither f32 nor bf16");
  if (operand.dtype == DType::bf16) {
    body([from = operand.as<const uint16_t>()](int64_t element, int count) { return loadBf16(from + element, count); });
  } else {
    body([from = operand.as<const float>()](int64_t element, int count) { return load(from + element, count); });
  }
}

// The same for what is written: calls body with store(element, value, count).
template <class Body> void withStorer(const Operand& operand, const Body& body) {
  require(operand.dtype == DType::f32 || operand.dtype == DType::bf16, "an output is neither f32 nor bf16");
  if (operand.dtype == DType::bf16) {
    body([to = operand.as<uint16_t>()](int64_t element, F32x16 value, int count) { storeBf16(to + element, value, count); });
  } else {
    body([to = operand.as<float>()](int64_t element, F32x16 value, int count) { store(to + element, value, count); });
  }
}

// Stores `count` lanes, rounding when the operand is bf16.
inline void storeLanes(const Operand& operand, int64_t element, F32x16 value, int count) {
  if (operand.dtype == DType::bf16) {
    storeBf16(operand.as<uint16_t>() + element, value, count);
  } else {
    store(operand.as<float>() + element, value, count);
  }
}

inline float scalarAt(const Operand& operand, int64_t element) { return operand.as<float>()[element]; }

// An index that came from outside, checked: a wrong one ends the run, not the process.
inline int64_t checkedIndex(int32_t index, int64_t size, const char* what) {
  if (index < 0 || index >= size) {
    throw std::out_of_range(std::string(what) + " " + std::to_string(index) + " is not below " + std::to_string(size));
  }
  return index;
}

}  // namespace glossa::GLOSSA_LEVEL
