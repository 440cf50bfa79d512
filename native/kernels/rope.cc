// rope: rotary positions. Every pair (a, b) of a head turns by the angle of its row's position:
//
//   a′ = fma(a, cosine, −(b · sine)),  b′ = fma(b, cosine, a · sine)
//
//   out | x[rows, heads, headSize], positions i32[rows], cosine[maxPositions, half], sine[maxPositions, half]
//   ints: interleaved, inverse
//
// Pairs are elements (j, j + half), or (2j, 2j + 1) when interleaved. `inverse` turns back (the gradient). Elements
// beyond 2 · half pass through. Work is split by rows.
#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

namespace {

// `lanes` pairs that lie side by side, from an element of x to one of out.
void turnNeighbours(const Operand& x, int64_t from, const Operand& out, int64_t to, F32x16 c, F32x16 s, int lanes) {
  float line[2 * vectorLanes], first[vectorLanes], second[vectorLanes];
  for (int lane = 0; lane < 2 * lanes; lane += vectorLanes)
    store(line + lane, loadLanes(x, from + lane, lanesFrom(lane, 2 * lanes)));
  for (int lane = 0; lane < vectorLanes; lane++) {
    first[lane] = lane < lanes ? line[2 * lane] : 0.0f;
    second[lane] = lane < lanes ? line[2 * lane + 1] : 0.0f;
  }
  const F32x16 a = load(first), b = load(second);
  store(first, fma(a, c, negate(b * s)));
  store(second, fma(b, c, a * s));
  for (int lane = 0; lane < vectorLanes; lane++) {
    line[2 * lane] = first[lane];
    line[2 * lane + 1] = second[lane];
  }
  for (int lane = 0; lane < 2 * lanes; lane += vectorLanes)
    storeLanes(out, to + lane, load(line + lane), lanesFrom(lane, 2 * lanes));
}

}  // namespace

void rope(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& x = call.inputs[0];
  const int32_t* positions = call.inputs[1].as<int32_t>();
  const Operand& cosine = call.inputs[2];
  const Operand& sine = call.inputs[3];
  const bool interleaved = call.ints[0] != 0, inverse = call.ints[1] != 0;
  require(x.rank == 3 && out.rank == 3, "rope: x must be [rows, heads, headSize]");
  const int64_t rows = x.dims[0], heads = x.dims[1], headSize = x.dims[2];
  const int64_t half = cosine.dims[1];
  require(2 * half <= headSize && out.elements() == x.elements(), "rope: shapes differ");
  const int64_t inStride = firstStride(x), outStride = firstStride(out);

  forRanges(team, rows, heads * headSize * 2, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t position = checkedIndex(positions[row], cosine.dims[0], "rope: position");
      const int64_t fromRow = row * inStride, toRow = row * outStride;
      // The angles of a row are the same for all heads.
      for (int64_t pair = 0; pair < half; pair += vectorLanes) {
        const int lanes = lanesFrom(pair, half);
        const F32x16 c = loadLanes(cosine, position * half + pair, lanes);
        F32x16 s = loadLanes(sine, position * half + pair, lanes);
        if (inverse) s = negate(s);
        for (int64_t head = 0; head < heads; head++) {
          const int64_t from = fromRow + head * headSize, to = toRow + head * headSize;
          if (interleaved) {
            turnNeighbours(x, from + 2 * pair, out, to + 2 * pair, c, s, lanes);
            continue;
          }
          const F32x16 a = loadLanes(x, from + pair, lanes), b = loadLanes(x, from + half + pair, lanes);
          storeLanes(out, to + pair, fma(a, c, negate(b * s)), lanes);
          storeLanes(out, to + half + pair, fma(b, c, a * s), lanes);
        }
      }
      for (int64_t head = 0; head < heads && 2 * half < headSize; head++) {
        for (int64_t index = 2 * half; index < headSize; index += vectorLanes) {
          const int lanes = lanesFrom(index, headSize);
          storeLanes(out, toRow + head * headSize + index, loadLanes(x, fromRow + head * headSize + index, lanes), lanes);
        }
      }
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
