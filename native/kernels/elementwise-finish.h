// A Finish that runs a program of micro-operations (elementwise-program.h) on a matrix while it is made, and writes the
// results in the forms in which they are read later.
//
//   words: [outputs, one Form per output, then the words of an ElementwiseProgram]
//
// The program rounds what is written as bf16. Register 0 holds the numbers handed over, the registers after it the
// further inputs, which broadcast to [M, N]. An output may lie on a further input of its shape, for each piece is read
// before it is written and is of one task only.
#pragma once

#include <vector>

#include "elementwise-program.h"
#include "finish.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

enum class Form : int32_t {
  plain = 0,       // [M, N], f32 or bf16
  packed = 1,      // [M, N] as the right operand of a product (pack.h)
  columnSums = 2,  // [1, N] or [N] f32: the sums over rows, in the order of reduce.h
  continued = 3,   // the same, starting from an accumulator: the last inputs, one for each such output
};

class ElementwiseFinish final : public Finish {
 public:
  // The outputs of the call from the first on; after them, if there are column sums, the bytes for their partials. Of the
  // inputs those from `firstInput` on are the program's, then accumulators. `firstRegister` is 1 when numbers are handed
  // over, or 0 when the program reads only inputs. Throws std::invalid_argument when words or shapes do not fit.
  ElementwiseFinish(const Call& call, int firstWord, int firstInput, int firstRegister, int64_t rows, int64_t columns);

  int64_t scratchBytes() const override { return program_.scratchBytes(); }
  int64_t rowMultiple() const override;
  void fetch(int64_t row, int64_t rows, int64_t column, int64_t columns) const override;
  void write(int64_t row, int64_t rows, int64_t column, int64_t columns, const float* sums,
             void* scratch) const override;
  // After all rows are written: adds up the column sums.
  void end(Team& team) const;

  // Outputs of the call that are the finish's, partials included.
  int outputs() const { return static_cast<int>(outputs_.size()) + (partials_ != nullptr ? 1 : 0); }

 private:
  // An input as [M, N]: elements from row to row and from column to column, 0 where it is repeated.
  struct Spread {
    const Operand* operand;
    int64_t rowStride, columnStride;
    // Rows of whole vectors are read where they lie. But not of an input that is given out as well: another output may
    // lie on it.
    bool inPlace;
    Spread(const Operand& of, int64_t rows, int64_t columns, bool givenOut);
    F32x16 load(int64_t row, int64_t column, int count) const;
    void fill(int64_t row, int64_t rows, int64_t column, int64_t columns, float* to) const;
  };
  struct Output {
    const Operand* operand;
    Form form;
    float* partials;  // of column sums: [blocks][N]
    const float* accumulator;
    bool inPlace;  // its register may lie in the output itself
  };
  using Block = ElementwiseProgram::Block;

  bool fitsInPlace(const Operand& out, int index) const;
  void writePlain(const Operand& out, const Block& from, int64_t row, int64_t rows, int64_t column,
                  int64_t columns) const;
  void writePacked(const Operand& out, const Block& from, int64_t row, int64_t rows, int64_t column,
                   int64_t columns) const;
  void addToPartial(const Output& output, const Block& from, int64_t row, int64_t rows, int64_t column,
                    int64_t columns) const;

  // Where the words of the program begin.
  static int wordsOf(const Call& call, int firstWord);
  // Inputs at the end of the call that sums start from.
  static int accumulatorsOf(const Call& call, int firstWord);

  int64_t rows_, columns_, blocks_;
  int firstRegister_;
  ElementwiseProgram program_;
  std::vector<Spread> inputs_;
  std::vector<Output> outputs_;
  float* partials_ = nullptr;
};

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
