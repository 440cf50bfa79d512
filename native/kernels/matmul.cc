// Kernel `matmul`, and `multiply`, which other kernels call too: out[M, N] = accumulator + left[M, K] · right[K, N], the
// right operand packed (pack.h), the left as it lies or transposed. The order of additions of one element is that of matmul-block.h, from the accumulator or zero.
//
// Work is split into blocks of rows × ranges of columns; a task owns its piece of the output, so threads change nothing.
// Within a task: the block of rows is arranged in the worker's scratch (kept for the worker's next task on the same rows),
// then for each two panels the sums are gathered in scratch, multiplied up, and written out.
#include <vector>

#include "kernels.h"
#include "matmul.h"

#if defined(GLOSSA_LEVEL_AMX)
#include "../simd/tile.h"
#endif

namespace glossa {
namespace LEVEL_NAMESPACE {
namespace {

// How one matmul is cut up.
struct Division {
  int64_t rowsPerBlock, rowBlocks;
  int64_t groupsPerRange, ranges;  // a group is two panels
  int64_t innerPerChunk, chunks;   // more than one only where K is so long that a block does not fit in scratch
};

Division divide(Arithmetic arithmetic, int64_t rows, int64_t columns, int64_t inner, int threads, int64_t reserved) {
  Division division;
  // Below this many multiply-adds a second thread costs more than it brings.
  constexpr double worthSharing = 1 << 17;
  const int64_t groups = ceilDivide(columns, groupColumns);
  const bool shared = threads > 1 && static_cast<double>(rows) * columns * inner >= worthSharing;
  const int64_t wanted = shared ? 4 * threads : 1;
  int64_t most = std::min(blockRows(arithmetic, inner), rows);
  // With few columns and several threads, rows have to make the tasks.
  if (shared && groups * ceilDivide(rows, most) < wanted)
    most = std::max<int64_t>(std::min<int64_t>(most, 16), roundUp(ceilDivide(rows * groups, wanted), 16));
  division.rowBlocks = ceilDivide(rows, most);
  division.rowsPerBlock = ceilDivide(rows, division.rowBlocks);
  if (arithmetic == Arithmetic::tiles) division.rowsPerBlock = roundUp(division.rowsPerBlock, 16);
  division.rowBlocks = ceilDivide(rows, division.rowsPerBlock);
  const int64_t ranges = std::clamp<int64_t>(ceilDivide(wanted, division.rowBlocks), 1, groups);
  division.groupsPerRange = ceilDivide(groups, ranges);
  division.ranges = ceilDivide(groups, division.groupsPerRange);
  const int64_t sumBytes = roundUp(division.rowsPerBlock, 16) * groupColumns * 4;
  const int64_t room = static_cast<int64_t>(Team::scratchBytes) - reserved - sumBytes - 128;
  division.innerPerChunk = inner;
  if (leftBytes(arithmetic, division.rowsPerBlock, inner) > room)
    division.innerPerChunk = room / (roundUp(division.rowsPerBlock, 16) * 4) / dotStep * dotStep;
  division.chunks = inner == 0 ? 1 : ceilDivide(inner, division.innerPerChunk);
  return division;
}

// A piece of the output, [rows][columns] at most 32 wide, from or to the sums in scratch.
void gatherSums(const Product& product, int64_t row, int64_t rows, int64_t column, int64_t columns, float* sums) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < groupColumns; j += 16) {
      const int count = static_cast<int>(std::clamp<int64_t>(columns - j, 0, 16));
      const float* from = product.accumulator + (row + i) * product.accumulatorStride + column + j;
      store(sums + i * groupColumns + j, product.accumulator != nullptr && count > 0 ? load(from, count) : zero());
    }
  }
}

void writeSums(const Product& product, int64_t row, int64_t rows, int64_t column, int64_t columns, const float* sums) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j += 16) {
      const int count = static_cast<int>(std::min<int64_t>(columns - j, 16));
      const int64_t at = (row + i) * product.outStride + column + j;
      const F32x16 value = load(sums + i * groupColumns + j);
      if (product.outBf16) storeBf16(static_cast<uint16_t*>(product.out) + at, value, count);
      else store(static_cast<float*>(product.out) + at, value, count);
    }
  }
}

}  // namespace

void multiply(const Product& product, Team& team) {
  const int64_t rows = product.rows, columns = product.columns, inner = product.inner;
  if (rows == 0 || columns == 0) return;
  const Arithmetic arithmetic = chooseArithmetic(product.bf16, rows);
  const int64_t reserved = product.finish != nullptr ? roundUp(product.finish->scratchBytes(), 64) : 0;
  const Division division = divide(arithmetic, rows, columns, inner, team.size(), reserved);
  const int64_t panels = ceilDivide(columns, panelColumns), groups = ceilDivide(panels, groupPanels);
  const int64_t sumBytes = roundUp(division.rowsPerBlock, 16) * groupColumns * 4;

  // Which left block lies in each worker's scratch.
  std::vector<int64_t> packed(static_cast<size_t>(team.size()), -1);
  team.forEach(division.rowBlocks * division.ranges, [&](int64_t task, int worker) {
#if defined(GLOSSA_LEVEL_AMX)
    const TileSession session;
#endif
    const int64_t block = task / division.ranges, range = task % division.ranges;
    const int64_t row = block * division.rowsPerBlock, some = std::min(division.rowsPerBlock, rows - row);
    float* sums = static_cast<float*>(team.scratch(worker));
    void* leftBlock = static_cast<uint8_t*>(team.scratch(worker)) + sumBytes;
    const int64_t lastGroup = std::min(groups, (range + 1) * division.groupsPerRange);
    for (int64_t group = range * division.groupsPerRange; group < lastGroup; group++) {
      const int64_t panel = group * groupPanels, column = panel * panelColumns;
      const int64_t width = std::min<int64_t>(groupColumns, columns - column);
      const int together = static_cast<int>(std::min<int64_t>(groupPanels, panels - panel));
      gatherSums(product, row, some, column, width, sums);
      for (int64_t chunk = 0; chunk < division.chunks; chunk++) {
        const int64_t k = chunk * division.innerPerChunk, length = std::min(division.innerPerChunk, inner - k);
        int64_t& held = packed[static_cast<size_t>(worker)];
        if (held != block * division.chunks + chunk) {
          packLeft(arithmetic, product.left, row, some, k, length, leftBlock);
          held = block * division.chunks + chunk;
        }
        const uint8_t* right = static_cast<const uint8_t*>(product.right) + panel * product.panelStride +
                               k * panelColumns * (product.bf16 ? 2 : 4);
        multiplyPanels(arithmetic, leftBlock, some, length, right, product.panelStride, together, sums, groupColumns);
      }
      if (product.finish == nullptr) {
        writeSums(product, row, some, column, width, sums);
      } else {
        void* rest = static_cast<uint8_t*>(team.scratch(worker)) + Team::scratchBytes - reserved;
        product.finish->write(row, some, column, width, sums, rest);
      }
    }
  });
}

Product productOf(const Operand& left, const Operand& right, bool transposeLeft, const Operand& accumulator) {
  Product product;
  product.rows = left.dims[transposeLeft ? 1 : 0];
  product.columns = right.dims[1];
  product.inner = right.dims[0];
  product.bf16 = right.dtype == DType::packedBf16;
  product.left = {{left.data, left.dtype == DType::bf16, rowStrideOf(left)}, transposeLeft};
  product.right = right.data;
  product.panelStride = panelBytes(right.dtype, product.inner);
  product.accumulator = accumulator.as<const float>();
  product.accumulatorStride = accumulator.present() ? rowStrideOf(accumulator) : 0;
  return product;
}

void matmul(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  Product product = productOf(call.inputs[0], call.inputs[1], call.ints[0] != 0,
                              call.inputCount > 2 ? call.inputs[2] : Operand{});
  product.out = out.data;
  product.outBf16 = out.dtype == DType::bf16;
  product.outStride = rowStrideOf(out);
  multiply(product, team);
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
