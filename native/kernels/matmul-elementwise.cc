// matmulElementwise: a product whose sums pass through a program of micro-operations before they are written, so that
// bias, activation, residual and rounding cost no way to memory and back.
//
//   out… | left, right, [accumulator,] in…      ints: transposeLeft, operands of the product (2 or 3), then the words of
//                                               an ElementwiseProgram; floats: its constants
//
// Register 0 is the product, the others are the further inputs, which broadcast to [M, N]. All outputs are [M, N], f32 or
// bf16; one may lie on a further input of its shape, for each piece is read before it is written and is of one task only.
// The numbers are those of matmul followed by elementwise.
#include "elementwise-program.h"
#include "matmul.h"

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

constexpr int64_t rowsAtOnce = ElementwiseProgram::blockElements / groupColumns;

// An input or output as [M, N]: elements from row to row and from column to column, 0 where it is repeated.
struct Spread {
  const Operand* operand;
  int64_t rowStride, columnStride;

  Spread(const Operand& of, int64_t rows, int64_t columns) : operand(&of), rowStride(0), columnStride(0) {
    require(of.rank <= 2, "matmulElementwise: an input of more than two axes");
    const int64_t height = of.rank == 2 ? of.dims[0] : 1, width = of.rank == 0 ? 1 : of.dims[of.rank - 1];
    require((height == 1 || height == rows) && (width == 1 || width == columns),
            "matmulElementwise: shapes do not broadcast");
    if (height > 1) rowStride = rowStrideOf(of);
    if (width > 1) columnStride = 1;
  }
  // `count` elements of a row from a column on.
  F32x16 load(int64_t row, int64_t column, int count) const {
    if (columnStride == 1) return loadLanes(*operand, row * rowStride + column, count);
    float value;
    store(&value, loadLanes(*operand, row * rowStride, 1), 1);
    return broadcast(value);
  }
};

class ElementwiseFinish final : public Finish {
 public:
  ElementwiseFinish(const Call& call, int productOperands, int64_t rows, int64_t columns)
      : program_(call.ints + 2, call.intCount - 2, 1 + call.inputCount - productOperands, call.floats, call.floatCount,
                 call.outputCount) {
    for (int i = productOperands; i < call.inputCount; i++) inputs_.emplace_back(call.inputs[i], rows, columns);
    for (int i = 0; i < call.outputCount; i++) {
      const Operand& out = call.outputs[i];
      require(out.rank == 2 && out.dims[0] == rows && out.dims[1] == columns, "matmulElementwise: outputs differ");
      outputs_.push_back(&out);
    }
  }

  int64_t scratchBytes() const override { return program_.scratchBytes(); }

  void fetch(int64_t row, int64_t rows, int64_t column, int64_t columns) const override {
    for (const Spread& input : inputs_) {
      if (input.rowStride != 0 && input.columnStride != 0) fetchPiece(*input.operand, row, rows, column, columns);
    }
    for (const Operand* out : outputs_) fetchPiece(*out, row, rows, column, columns);
  }

  void write(int64_t row, int64_t rows, int64_t column, int64_t columns, const float* sums,
             void* scratch) const override {
    const ElementwiseProgram::Registers registers = program_.arrange(scratch);
    for (size_t i = 0; i < inputs_.size(); i++) {
      if (inputs_[i].rowStride == 0) fill(inputs_[i], row, rowsAtOnce, column, columns, registers.buffer(1 + i));
    }
    for (int64_t first = 0; first < rows; first += rowsAtOnce) {
      const int64_t some = std::min(rowsAtOnce, rows - first);
      registers.values[0] = sums + first * groupColumns;
      for (size_t i = 0; i < inputs_.size(); i++) {
        if (inputs_[i].rowStride != 0) fill(inputs_[i], row + first, some, column, columns, registers.buffer(1 + i));
      }
      program_.run(registers, some * groupColumns);
      for (size_t i = 0; i < outputs_.size(); i++) {
        const float* from = registers.values[program_.outputRegister(static_cast<int>(i))];
        empty(from, row + first, some, column, columns, *outputs_[i]);
      }
    }
  }

 private:
  static void fetchPiece(const Operand& operand, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    fetchRows(operand.data, operand.dtype == DType::bf16, rowStrideOf(operand), row, rows, column, columns);
  }
  // Rows of an input into a register; behind the last column are zeros.
  static void fill(const Spread& input, int64_t row, int64_t rows, int64_t column, int64_t columns, float* to) {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < groupColumns; j += vectorLanes) {
        const int count = static_cast<int>(std::clamp<int64_t>(columns - j, 0, vectorLanes));
        store(to + i * groupColumns + j, count > 0 ? input.load(row + i, column + j, count) : zero());
      }
    }
  }
  static void empty(const float* from, int64_t row, int64_t rows, int64_t column, int64_t columns, const Operand& out) {
    for (int64_t i = 0; i < rows; i++) {
      const int64_t at = (row + i) * rowStrideOf(out) + column;
      for (int64_t j = 0; j < columns; j += vectorLanes) {
        const int count = static_cast<int>(std::min<int64_t>(columns - j, vectorLanes));
        storeLanes(out, at + j, load(from + i * groupColumns + j), count);
      }
    }
  }

  ElementwiseProgram program_;
  std::vector<Spread> inputs_;
  std::vector<const Operand*> outputs_;
};

}  // namespace

void matmulElementwise(const Call& call, Team& team) {
  const int productOperands = call.ints[1];
  require(call.intCount > 2 && (productOperands == 2 || productOperands == 3) && productOperands <= call.inputCount,
          "matmulElementwise: settings do not fit");
  Product product = productOf(call.inputs[0], call.inputs[1], call.ints[0] != 0,
                              productOperands == 3 ? call.inputs[2] : Operand{});
  const ElementwiseFinish finish(call, productOperands, product.rows, product.columns);
  product.finish = &finish;
  multiply(product, team);
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
