// A whole matrix product, split over threads: what the kernel matmul runs, and other kernels on pieces of their own.
#pragma once

#include "finish.h"
#include "matmul-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

// out[rows, columns] = accumulator (or zero) + left[rows, inner] · right[inner, columns].
struct Product {
  int64_t rows = 0, columns = 0, inner = 0;
  bool bf16 = false;  // the arithmetic, and the packed right operand's type
  LeftMatrix left{};
  const void* right = nullptr;  // its first panel, at the first inner element of this product
  int64_t panelStride = 0;      // bytes from panel to panel
  void* out = nullptr;
  bool outBf16 = false;
  int64_t outStride = 0;               // elements from row to row
  const float* accumulator = nullptr;  // may be `out`
  int64_t accumulatorStride = 0;
  const Finish* finish = nullptr;  // then `out` is not written
};

// The product of operands as the kernel `matmul` has them; where it goes is still to be said.
Product productOf(const Operand& left, const Operand& right, bool transposeLeft, const Operand& accumulator);

void multiply(const Product& product, Team& team);

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
