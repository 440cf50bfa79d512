// A matrix of weights [outputs, inputs] in blocks (q8_0, q4_0), as a state keeps it: all weights, [panels][blocks], then
// all scales, [panels][blocks][16] float16. A panel is 16 outputs, a block 32 inputs; the weights of one block are
//
//   q8_0   8 groups of 16 outputs × 4 inputs, int8: group g holds inputs 4 g …, output by output           (512 bytes)
//   q4_0   4 groups of 16 outputs × 4 bytes: group g holds inputs 4 g … low and inputs 16 + 4 g … high    (256 bytes)
//
// A q4_0 nibble is the weight's q + 8. Outputs beyond the last are zero. src/engine/tensor/block-panels.ts writes this.
#pragma once

#include <cstdint>

#include "pack.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

constexpr int64_t blockInputs = 32;
// A group: 16 outputs × 4 bytes.
constexpr int64_t groupBytes = 64;

struct BlockMatrix {
  int64_t outputs, inputs, blocks, panels;
  bool nibbles;
  const uint8_t* weights;
  const uint16_t* scales;

  explicit BlockMatrix(const Operand& operand)
      : outputs(operand.dims[0]),
        inputs(operand.dims[1]),
        blocks(inputs / blockInputs),
        panels(ceilDivide(outputs, panelColumns)),
        nibbles(operand.dtype == DType::q4_0),
        weights(operand.as<const uint8_t>()),
        scales(reinterpret_cast<const uint16_t*>(weights + panels * blocks * weightBytes())) {}

  // Bytes of the weights of one block of a panel.
  int64_t weightBytes() const { return nibbles ? 4 * groupBytes : 8 * groupBytes; }
  const uint8_t* panelWeights(int64_t panel) const { return weights + panel * blocks * weightBytes(); }
  const uint16_t* panelScales(int64_t panel) const { return scales + panel * blocks * panelColumns; }
};

inline bool isInBlocks(const Operand& operand) { return operand.dtype == DType::q8_0 || operand.dtype == DType::q4_0; }

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
