// fill: every element of out becomes one value (f32, bf16 or i32).
//
//   out |       floats: value
//
// round: float32 to bf16, to nearest, ties to even.
//
//   out | x
//
// Work is split by elements or rows.
#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

void fill(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const double value = call.floats[0];
  const Rows rows(out);
  forRanges(team, rows.count, rows.width, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t start = rows.start(row);
      if (out.dtype == DType::i32) {
        std::fill_n(out.as<int32_t>() + start, rows.width, static_cast<int32_t>(value));
      } else if (out.dtype == DType::bf16) {
        std::fill_n(out.as<uint16_t>() + start, rows.width, floatToBf16(static_cast<float>(value)));
      } else {
        std::fill_n(out.as<float>() + start, rows.width, static_cast<float>(value));
      }
    }
  });
}

void round(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& x = call.inputs[0];
  const Rows rows(x), outRows(out);
  require(rows.count == outRows.count && rows.width == outRows.width, "round: shapes differ");
  forRanges(team, rows.count, rows.width, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t from = rows.start(row), to = outRows.start(row);
      for (int64_t index = 0; index < rows.width; index += vectorLanes) {
        const int lanes = lanesFrom(index, rows.width);
        storeLanes(out, to + index, loadLanes(x, from + index, lanes), lanes);
      }
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
