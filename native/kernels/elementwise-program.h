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

  // The registers of one worker: where each one's numbers lie. A caller may point an input's at numbers elsewhere.
  struct Registers {
    float* buffers;
    const float** values;
    float* buffer(int index) const { return buffers + index * blockElements; }
  };
  // Bytes of scratch that the registers take.
  int64_t scratchBytes() const { return registers_ * (blockElements * 4 + static_cast<int64_t>(sizeof(float*))); }
  // Lays the registers out and fills those of the constants.
  Registers arrange(void* scratch) const;
  // Runs every step on the first `count` elements of the registers, whole vectors of them.
  void run(const Registers& registers, int64_t count) const;

  int outputRegister(int output) const { return outputs_[static_cast<size_t>(output)]; }

 private:
  struct Step {
    MicroOp op;
    int destination;
    int sources[3];
    bool rounded;  // to bf16, on the way to the destination
  };
  // Rounds where a number is made instead of in a step of its own, if nothing else reads it unrounded.
  void joinRoundings();
  // Whether a step from one on, or an output, reads a register.
  bool isReadFrom(size_t first, int index) const;

  std::vector<Step> steps_;
  std::vector<int> outputs_;
  std::vector<float> constants_;
  int inputs_;
  int64_t registers_;
};

}  // namespace glossa::GLOSSA_LEVEL
