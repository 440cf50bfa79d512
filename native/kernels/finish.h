// What is done with numbers that a kernel has just made, before they leave the caches: how the sums of a product, or the
// rows of a norm's gradient, pass through further steps without a way to memory and back (elementwise-finish.h).
#pragma once

#include "matmul-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

class Finish {
 public:
  virtual ~Finish() = default;
  // Bytes of a worker's scratch that `write` may use.
  virtual int64_t scratchBytes() const = 0;
  // Rows handed to `write` begin at a multiple of this, and all but the last are so many or a multiple: 1 or 32.
  virtual int64_t rowMultiple() const { return 1; }
  // Asks for the memory that `write` will touch for these rows and columns, while their numbers are being made.
  virtual void fetch(int64_t row, int64_t rows, int64_t column, int64_t columns) const = 0;
  // Rows [row, row + rows) and columns [column, column + columns), at most groupColumns: row i lies at
  // sums + i · groupColumns, and what is behind its last column has no meaning.
  virtual void write(int64_t row, int64_t rows, int64_t column, int64_t columns, const float* sums,
                     void* scratch) const = 0;
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
