// transpose: out[i₀, i₁, …] = x with its axes in another order; axis n of out is axis permutation[n] of x.
//
//   out | x      ints: permutation (one entry per axis)
//
// Elements are moved as they are, in tiles of 16 × 16 over the last axes of both. Work is split by tiles' lines.
#include <cstring>

#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

namespace {

constexpr int64_t tile = 16;

// Moves a plane: out element (i, j) at i·outStride + j comes from x element i + j·inStride.
template <class T>
void movePlane(T* to, const T* from, int64_t rows, int64_t columns, int64_t outStride, int64_t inStride) {
  for (int64_t column = 0; column < columns; column += tile) {
    const int64_t columnEnd = std::min(columns, column + tile);
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = column; j < columnEnd; j++) to[i * outStride + j] = from[i + j * inStride];
    }
  }
}

template <class T> void move(const Operand& out, const Operand& x, const int32_t* permutation, Team& team) {
  // Everything in the axes of out, four of them, missing ones in front.
  int64_t dims[maxRank], inStrides[maxRank], outStrides[maxRank];
  const int missing = maxRank - out.rank;
  int64_t xStrides[maxRank];
  int64_t stride = 1;
  for (int axis = x.rank - 1; axis >= 0; axis--) {
    xStrides[axis] = axis == 0 && x.rank > 1 ? firstStride(x) : stride;
    stride *= x.dims[axis];
  }
  stride = 1;
  for (int axis = maxRank - 1; axis >= 0; axis--) {
    const bool real = axis >= missing;
    dims[axis] = real ? out.dims[axis - missing] : 1;
    inStrides[axis] = real ? xStrides[permutation[axis - missing]] : 0;
    outStrides[axis] = real && axis == missing && out.rank > 1 ? firstStride(out) : stride;
    stride *= dims[axis];
  }
  // The axis of out along which x is contiguous.
  int fast = maxRank - 1;
  for (int axis = missing; axis < maxRank; axis++) {
    if (permutation[axis - missing] == x.rank - 1) fast = axis;
  }
  const int last = maxRank - 1;
  const int64_t lines = fast == last ? 1 : (dims[fast] + tile - 1) / tile;
  int others[maxRank], otherCount = 0;
  int64_t planes = 1;
  for (int axis = 0; axis < last; axis++) {
    if (axis == fast) continue;
    others[otherCount++] = axis;
    planes *= dims[axis];
  }
  const int64_t elementsEach = fast == last ? dims[last] : tile * dims[last];
  forRanges(team, planes * lines, elementsEach, [&](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; task++) {
      int64_t plane = task / lines;
      int64_t from = 0, to = 0;
      for (int i = otherCount - 1; i >= 0; i--) {
        const int64_t index = plane % dims[others[i]];
        plane /= dims[others[i]];
        from += index * inStrides[others[i]];
        to += index * outStrides[others[i]];
      }
      if (fast == last) {
        std::memcpy(out.as<T>() + to, x.as<T>() + from, dims[last] * sizeof(T));
        continue;
      }
      const int64_t first = task % lines * tile;
      const int64_t rows = std::min(tile, dims[fast] - first);
      movePlane(out.as<T>() + to + first * outStrides[fast], x.as<T>() + from + first, rows, dims[last],
                outStrides[fast], inStrides[last]);
    }
  });
}

}  // namespace

void transpose(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& x = call.inputs[0];
  require(out.rank == x.rank && call.intCount == x.rank && out.dtype == x.dtype, "transpose: operands differ");
  bool seen[maxRank] = {};
  for (int axis = 0; axis < x.rank; axis++) {
    const int32_t source = call.ints[axis];
    require(source >= 0 && source < x.rank && !seen[source], "transpose: not a permutation");
    seen[source] = true;
    require(out.dims[axis] == x.dims[source], "transpose: shapes differ");
  }
  if (x.elements() == 0) return;
  if (bytesOf(x.dtype) == 2) {
    move<uint16_t>(out, x, call.ints, team);
  } else {
    move<uint32_t>(out, x, call.ints, team);
  }
}

}  // namespace glossa::GLOSSA_LEVEL
