// Sixteen rows of activations times weights in blocks by the tiles of AMX (quantized-block.h). Bytes are signed; nibbles
// are made into such, once for all rows that meet a panel.
#pragma once

#include "quantized-block.h"

#if defined(GLOSSA_LEVEL_AMX)

namespace glossa {
namespace LEVEL_NAMESPACE {

constexpr int64_t byteTileRows = 16;
// Bytes of one row's share of a block: its activations and scale.
constexpr int64_t tileShareBytes = blockInputs + 4;

// The weights q of q4_0 blocks as bytes: nibbles hold q + 8.
void unpackNibbles(const uint8_t* weights, int64_t blocks, uint8_t* to);
// Rounds up to sixteen rows; those that are not there are zero.
void quantizeTile(const float* x, int64_t stride, int64_t rows, int64_t blocks, uint8_t* to);
// One panel's outputs for the rows of a strip of sixteen.
void multiplyByteTiles(const uint8_t* strip, const uint8_t* weights, const uint16_t* scales, int64_t blocks,
                       int64_t rows, float* out, int64_t stride, int columns);

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa

#endif
