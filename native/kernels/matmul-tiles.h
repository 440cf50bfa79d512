// Left blocks and products of bf16 by the tiles of AMX, of level amx: what Arithmetic::tiles is.
#pragma once

#include "matmul-block.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

constexpr int tileRows = 16;
constexpr int64_t tileElements = 16 * 32;
// With fewer rows than this the sums of a tile are mostly padding, and plain fma is faster.
constexpr int64_t fewestTileRows = 5;

// Where the tiles of a left block lie.
struct LeftTiles {
  const uint16_t* data;
  int64_t rowBytes;              // from row to row of a tile
  int64_t stripStep, innerStep;  // elements from tile to tile: the next 16 rows, the next 32 inner elements
};

// packLeft and multiplyPanels (matmul-block.h).
void packLeftTiles(const LeftMatrix& left, int64_t row, int64_t rows, int64_t k, int64_t inner, uint16_t* to);
void multiplyPanelsByTiles(const LeftTiles& left, int64_t rows, int64_t inner, const uint8_t* right,
                           int64_t panelStride, int panels, float* sums, int64_t sumStride, Start start);

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
