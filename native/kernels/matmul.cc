// Kernel `matmul`, and `multiply`, which other kernels call too: out[M, N] = accumulator + left[M, K] · right[K, N], the
// right operand packed (pack.h), the left as it lies or transposed. The order of additions of one element is that of
// matmul-block.h, from the accumulator or zero.
//
// Work is split into blocks of rows × ranges of columns; a task owns its piece of the output, so threads change nothing.
// Within a task: the block of rows is arranged in the worker's scratch (kept for the worker's next task on the same rows),
// then two panels at a time are multiplied up to sums, which are written out. Sums of floats are made in the output
// itself where it has room for whole tiles, the others in scratch.
// A long inner dimension (the gradient of a weight, over all rows of a batch) is cut into chunks, the chunk being the
// outer loop: so a chunk of the left block stays in the second cache for all columns, and the sums wait in the output.
//
// What each step gained, on one core of AVX512-BF16: sums in the output and chunks, 4,096 × 1,536 × 384 → f32, 190 → 215
// GFLOP/s; asking for rows of the output while their sums are made: 4 % where a residual is added, else nothing.
#include <vector>

#include "kernels.h"
#include "layout.h"
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
  int64_t innerPerChunk, chunks;
};

// An inner dimension longer than twice this is cut into chunks of about this length.
constexpr int64_t chunkInner = 1024;

// Sums that can be made where they belong: floats, and no others where a tile is written whole.
bool fitsInOutput(const Product& product, Arithmetic arithmetic) {
  return product.finish == nullptr && !product.outBf16 && product.columns % panelColumns == 0 &&
         (arithmetic != Arithmetic::tiles || product.rows % 16 == 0);
}

Division divide(const Product& product, Arithmetic arithmetic, int threads, int64_t reserved) {
  const int64_t rows = product.rows, columns = product.columns, inner = product.inner;
  Division division;
  // Below this many multiply-adds a second thread costs more than it brings.
  constexpr double worthSharing = 1 << 17;
  const int64_t groups = ceilDivide(columns, groupColumns);
  const bool shared = threads > 1 && static_cast<double>(rows) * columns * inner >= worthSharing;
  const int64_t wanted = shared ? 4 * threads : 1;
  division.innerPerChunk = inner;
  if (inner > 2 * chunkInner && fitsInOutput(product, arithmetic))
    division.innerPerChunk = roundUp(ceilDivide(inner, inner / chunkInner), dotStep);
  int64_t most = std::min(blockRows(arithmetic, division.innerPerChunk), rows);
  // Blocks of tiles are arranged by each worker that needs them. With as many blocks as tasks only one does; but those of
  // less than 64 rows would read the right operand too often.
  if (shared && arithmetic == Arithmetic::tiles)
    most = std::min(most, std::max<int64_t>(64, roundUp(ceilDivide(rows, wanted), 2 * 16)));
  // With few columns and several threads, rows have to make the tasks.
  if (shared && groups * ceilDivide(rows, most) < wanted)
    most = std::max<int64_t>(std::min<int64_t>(most, 16), roundUp(ceilDivide(rows * groups, wanted), 16));
  division.rowBlocks = ceilDivide(rows, most);
  division.rowsPerBlock = ceilDivide(rows, division.rowBlocks);
  if (arithmetic == Arithmetic::tiles) division.rowsPerBlock = roundUp(division.rowsPerBlock, 16);
  if (product.finish != nullptr) division.rowsPerBlock = roundUp(division.rowsPerBlock, product.finish->rowMultiple());
  division.rowBlocks = ceilDivide(rows, division.rowsPerBlock);
  const int64_t ranges = std::clamp<int64_t>(ceilDivide(wanted, division.rowBlocks), 1, groups);
  division.groupsPerRange = ceilDivide(groups, ranges);
  division.ranges = ceilDivide(groups, division.groupsPerRange);
  const int64_t sumBytes = roundUp(division.rowsPerBlock, 16) * groupColumns * 4;
  const int64_t room = static_cast<int64_t>(Team::scratchBytes) - reserved - sumBytes - 128;
  if (leftBytes(arithmetic, division.rowsPerBlock, division.innerPerChunk) > room)
    division.innerPerChunk = room / (roundUp(division.rowsPerBlock, 16) * 4) / dotStep * dotStep;
  division.chunks = inner == 0 ? 1 : ceilDivide(inner, division.innerPerChunk);
  return division;
}

// A piece of the output, [rows][columns] at most 32 wide, from or to the sums in scratch.
void gatherSums(const Product& product, int64_t row, int64_t rows, int64_t column, int64_t columns, float* sums) {
  for (int64_t i = 0; i < rows; i++) {
    const float* from = product.accumulator + (row + i) * product.accumulatorStride + column;
    for (int64_t j = 0; j < groupColumns; j += 16) {
      const int count = static_cast<int>(std::clamp<int64_t>(columns - j, 0, 16));
      store(sums + i * groupColumns + j, load(from + j, count));
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

// One product on its way: what a task does, and the left blocks that lie in the workers' scratch.
class Multiplication {
 public:
  Multiplication(const Product& product, Team& team)
      : product_(product),
        team_(team),
        arithmetic_(chooseArithmetic(product.bf16, product.rows)),
        reserved_(product.finish != nullptr ? roundUp(product.finish->scratchBytes(), 64) : 0),
        division_(divide(product, arithmetic_, team.size(), reserved_)),
        sumBytes_(roundUp(division_.rowsPerBlock, 16) * groupColumns * 4),
        packed_(static_cast<size_t>(team.size()), -1) {
    const bool inPlace = product.accumulator == product.out && product.accumulatorStride == product.outStride;
    direct_ = fitsInOutput(product, arithmetic_) && (product.accumulator == nullptr || inPlace);
  }

  void run() {
    team_.forEach(division_.rowBlocks * division_.ranges, [&](int64_t task, int worker) {
#if defined(GLOSSA_LEVEL_AMX)
      const TileSession session;
#endif
      const int64_t block = task / division_.ranges, range = task % division_.ranges;
      const int64_t groups = ceilDivide(product_.columns, groupColumns);
      const int64_t first = range * division_.groupsPerRange;
      const int64_t end = std::min(groups, first + division_.groupsPerRange);
      if (keepsSumsInOutput()) {
        for (int64_t chunk = 0; chunk < division_.chunks; chunk++)
          for (int64_t group = first; group < end; group++) multiplyGroup(block, group, chunk, chunk + 1, worker);
      } else {
        for (int64_t group = first; group < end; group++) multiplyGroup(block, group, 0, division_.chunks, worker);
      }
    });
  }

 private:
  // Whether a sum may be left in the output between two chunks.
  bool keepsSumsInOutput() const { return product_.finish == nullptr && !product_.outBf16; }

  // The sums of one block of rows and one group of columns, over some chunks of the inner dimension.
  void multiplyGroup(int64_t block, int64_t group, int64_t firstChunk, int64_t endChunk, int worker) {
    const int64_t row = block * division_.rowsPerBlock, rows = std::min(division_.rowsPerBlock, product_.rows - row);
    const int64_t panel = group * groupPanels, column = panel * panelColumns;
    const int64_t columns = std::min<int64_t>(groupColumns, product_.columns - column);
    const int panels = static_cast<int>(ceilDivide(columns, panelColumns));
    uint8_t* const scratch = static_cast<uint8_t*>(team_.scratch(worker));

    float* sums = reinterpret_cast<float*>(scratch);
    int64_t sumStride = groupColumns;
    Start start = product_.accumulator != nullptr ? Start::sums : Start::zero;
    if (direct_) {
      sums = static_cast<float*>(product_.out) + row * product_.outStride + column;
      sumStride = product_.outStride;
    }
    if (firstChunk > 0) {  // what the chunks before have left
      start = Start::sums;
      if (!direct_) gatherSums(sumsSoFar(), row, rows, column, columns, sums);
    } else if (start == Start::sums && !direct_) {
      gatherSums(product_, row, rows, column, columns, sums);
    }
    if (product_.finish != nullptr) product_.finish->fetch(row, rows, column, columns);
    else if (!direct_) fetchRows(product_.out, product_.outBf16, product_.outStride, row, rows, column, columns);
    for (int64_t chunk = firstChunk; chunk < endChunk; chunk++) {
      const int64_t k = chunk * division_.innerPerChunk, inner = std::min(division_.innerPerChunk, product_.inner - k);
      const uint8_t* right = static_cast<const uint8_t*>(product_.right) + panel * product_.panelStride +
                             k * panelColumns * (product_.bf16 ? 2 : 4);
      multiplyPanels(arithmetic_, leftBlock(block, row, rows, chunk, worker), rows, inner, right, product_.panelStride,
                     panels, sums, sumStride, chunk == firstChunk ? start : Start::sums);
    }
    if (product_.finish != nullptr) {
      product_.finish->write(row, rows, column, columns, sums, scratch + Team::scratchBytes - reserved_);
    } else if (!direct_) {
      writeSums(product_, row, rows, column, columns, sums);
    }
  }

  // The arranged rows of one chunk, in the worker's scratch behind the sums.
  const void* leftBlock(int64_t block, int64_t row, int64_t rows, int64_t chunk, int worker) {
    void* const place = static_cast<uint8_t*>(team_.scratch(worker)) + sumBytes_;
    int64_t& held = packed_[static_cast<size_t>(worker)];
    if (held == block * division_.chunks + chunk) return place;
    const int64_t k = chunk * division_.innerPerChunk;
    packLeft(arithmetic_, product_.left, row, rows, k, std::min(division_.innerPerChunk, product_.inner - k), place);
    held = block * division_.chunks + chunk;
    return place;
  }

  // The output as the accumulator of the next chunk.
  Product sumsSoFar() const {
    Product product = product_;
    product.accumulator = static_cast<const float*>(product.out);
    product.accumulatorStride = product.outStride;
    return product;
  }

  const Product& product_;
  Team& team_;
  const Arithmetic arithmetic_;
  const int64_t reserved_;  // bytes at the end of a worker's scratch, for the finish
  const Division division_;
  const int64_t sumBytes_;
  std::vector<int64_t> packed_;  // which left block each worker holds
  bool direct_;                  // sums are made in the output
};

}  // namespace

void multiply(const Product& product, Team& team) {
  if (product.rows == 0 || product.columns == 0) return;
  Multiplication(product, team).run();
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
