// elementwiseRows: an elementwise program over a matrix that also gives sums over rows and packed operands of products,
// so that a gradient that is rounded, added up for a bias and packed for a weight is read once.
//
//   out… | in…      ints: the words of an ElementwiseFinish; floats: the program's constants
//
// At least one input is [M, N], the others broadcast to it. Work is split by blocks of 32 rows.
#include "elementwise-finish.h"
#include "kernels.h"
#include "reduce.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

void elementwiseRows(const Call& call, Team& team) {
  int64_t rows = 1, columns = 1;
  for (int i = 0; i < call.inputCount; i++) {
    const Operand& input = call.inputs[i];
    if (input.rank == 2 && input.dims[0] != 1) rows = input.dims[0];
    if (input.rank > 0 && input.dims[input.rank - 1] != 1) columns = input.dims[input.rank - 1];
  }
  const ElementwiseFinish finish(call, 0, 0, 0, rows, columns);
  // Some blocks of rows at a time: packs are written in runs of 2 KB a panel.
  constexpr int64_t rowsTogether = 2 * rowsPerBlock;
  forRanges(team, ceilDivide(rows, rowsTogether), rowsTogether * columns, [&](int64_t begin, int64_t end, int worker) {
    for (int64_t row = begin * rowsTogether; row < std::min(rows, end * rowsTogether); row += rowsTogether) {
      const int64_t some = std::min(rowsTogether, rows - row);
      for (int64_t column = 0; column < columns; column += groupColumns) {
        finish.fetch(row, some, column + groupColumns, std::min<int64_t>(groupColumns, columns - column - groupColumns));
        finish.write(row, some, column, std::min<int64_t>(groupColumns, columns - column), nullptr, team.scratch(worker));
      }
    }
  });
  finish.end(team);
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
