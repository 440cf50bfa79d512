// A program of micro-operations on registers, which are blocks of floats: what elementwise runs on memory, and
// matmulElementwise on the sums of a product before they are written.
//
//   words: [steps, then per step: microOp, destination, a, b, c], then one register per output
//
// Registers: inputs, then constants, then temporaries, which steps may write. All arithmetic is float32.
#pragma once

#include <vector>

#include "../generated/ops.h"
#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

class ElementwiseProgram {
 public:
  // Elements of a register: those of a program stay in the first cache together.
  static constexpr int64_t blockElements = 256;

  // Throws std::invalid_argument when the words do not fit, or a step or an output reads a register that holds nothing.
  ElementwiseProgram(const int32_t* words, int wordCount, int inputs, const double* constants, int constantCount,
                     int outputs);

  // A register's numbers for one block: rows of whole vectors, in a buffer of its own or where an operand lies.
  struct Block {
    void* data;
    int64_t rowStride;  // elements
    bool bf16;

    [[gnu::always_inline]] F32x16 load(int64_t row, int64_t column) const {
      const int64_t at = row * rowStride + column;
      return bf16 ? loadBf16(static_cast<const uint16_t*>(data) + at)
                  : LEVEL_NAMESPACE::load(static_cast<const float*>(data) + at);
    }
  };
  // The registers of one worker. A caller may let an input's lie elsewhere, and those that `writer` names.
  struct Registers {
    float* buffers;
    Block* blocks;
    float* buffer(int index) const { return buffers + index * blockElements; }
  };
  // Bytes of scratch that the registers take.
  int64_t scratchBytes() const { return registers_ * (blockElements * 4 + static_cast<int64_t>(sizeof(Block))); }
  // Lays the registers out, their buffers' rows `rowStride` apart, and fills those of the constants.
  Registers arrange(void* scratch, int64_t rowStride) const;
  // Runs every step on so many rows and columns, a multiple of 16.
  void run(const Registers& registers, int64_t rows, int64_t columns) const;

  // The one step that writes a register, or −1 where none does or several do. A register that is given out as bf16 holds
  // nothing but numbers of bf16, so it may lie in memory as bf16.
  int writer(int index) const;
  // The last step that reads a register, or −1.
  int lastReader(int index) const;
  bool isOutput(int index) const;
  int outputRegister(int output) const { return outputs_[static_cast<size_t>(output)]; }

 private:
  struct Step {
    MicroOp op;
    int destination;
    int sources[3];
    bool rounded;  // to bf16, on the way to the destination
  };
  // Rounds where a number is made instead of in a step of its own, if nothing reads it unrounded.
  void joinRoundings();

  std::vector<Step> steps_;
  std::vector<int> outputs_;
  std::vector<float> constants_;
  int inputs_;
  int64_t registers_;
};

}  // namespace glossa::GLOSSA_LEVEL
