// embedding: out[row] = table[ids[row]].
//
//   out[rows, width] | table[vocabulary, width], ids i32[rows]
//
// Work is split by rows.
#include <vector>

#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

void embedding(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const Operand& table = call.inputs[0];
  const int32_t* ids = call.inputs[1].as<int32_t>();
  const Rows outRows(out), tableRows(table);
  require(outRows.width == tableRows.width && call.inputs[1].elements() == outRows.count, "embedding: shapes differ");
  forRanges(team, outRows.count, outRows.width, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t from = tableRows.start(checkedIndex(ids[row], tableRows.count, "embedding: id"));
      const int64_t to = outRows.start(row);
      for (int64_t index = 0; index < outRows.width; index += vectorLanes) {
        const int lanes = lanesFrom(index, outRows.width);
        storeLanes(out, to + index, loadLanes(table, from + index, lanes), lanes);
      }
    }
  });
}

// embeddingGradient: dtable[id] = accumulator[id] (or zero) + the rows of dy with that id, in ascending order of rows.
//
//   dtable[vocabulary, width] | ids i32[rows], dy[rows, width], accumulator?
//
// Rows are sorted stably by id; work is split by ids, so no order depends on threads.
void embeddingGradient(const Call& call, Team& team) {
  const Operand& dtable = call.outputs[0];
  const int32_t* ids = call.inputs[0].as<int32_t>();
  const Operand& dy = call.inputs[1];
  const Operand* accumulator = call.inputCount > 2 && call.inputs[2].present() ? &call.inputs[2] : nullptr;
  const Rows tableRows(dtable), rows(dy);
  require(tableRows.width == rows.width && call.inputs[0].elements() == rows.count, "embeddingGradient: shapes differ");

  // sorted[starts[id] … starts[id + 1]) are the rows of an id.
  std::vector<int64_t> starts(tableRows.count + 1, 0), sorted(rows.count);
  for (int64_t row = 0; row < rows.count; row++) {
    starts[checkedIndex(ids[row], tableRows.count, "embeddingGradient: id") + 1]++;
  }
  for (int64_t id = 0; id < tableRows.count; id++) starts[id + 1] += starts[id];
  std::vector<int64_t> next(starts.begin(), starts.end() - 1);
  for (int64_t row = 0; row < rows.count; row++) sorted[next[ids[row]]++] = row;

  forRanges(team, tableRows.count, rows.width, [&](int64_t begin, int64_t end, int) {
    for (int64_t id = begin; id < end; id++) {
      const int64_t to = tableRows.start(id);
      if (accumulator != nullptr && accumulator->data == dtable.data && starts[id] == starts[id + 1]) continue;
      for (int64_t index = 0; index < rows.width; index += vectorLanes) {
        const int lanes = lanesFrom(index, rows.width);
        F32x16 total = accumulator == nullptr ? zero() : loadLanes(*accumulator, to + index, lanes);
        for (int64_t i = starts[id]; i < starts[id + 1]; i++) {
          total = total + loadLanes(dy, rows.start(sorted[i]) + index, lanes);
        }
        storeLanes(dtable, to + index, total, lanes);
      }
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
