// A program: its tape decoded once, its constants, and the states it works on.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../kernels/kernel.h"
#include "../platform/platform.h"
#include "state.h"

namespace glossa {

// Where an operand lives. Segment 4 + i is the i-th state of the program.
namespace segments {
constexpr int32_t absent = -1;
constexpr int32_t arena = 0;
constexpr int32_t constants = 1;
constexpr int32_t inputs = 2;
constexpr int32_t outputs = 3;
constexpr int32_t firstState = 4;
}  // namespace segments

enum class Guard : int32_t {
  none = 0,
  // Run only if state b was not derived from the present version of state a; then it is.
  stalePack = 1,
  // Run only if operand a, a float32 scalar after the kernel's own inputs, is not zero.
  predicate = 2,
};

// An operand before a run: a dimension of −1 is the run's row count.
struct Place {
  int32_t segment = segments::absent;
  uint64_t offset = 0;
  DType dtype = DType::f32;
  int32_t rank = 0;
  int32_t dims[maxRank] = {1, 1, 1, 1};
  int64_t rowStride = 0;

  // The operand at this place in a run. Throws std::out_of_range when it does not fit its segment.
  Operand resolve(int64_t rows, uint8_t* base, uint64_t segmentBytes) const;
};

// Bytes from the first element of an operand to behind its last.
uint64_t bytesOf(const Operand& operand);

struct Instruction {
  int32_t kernel = 0;
  int32_t outputCount = 0;
  int32_t inputCount = 0;  // without a predicate
  size_t firstPlace = 0;
  size_t placeCount = 0;  // with a predicate
  size_t firstInt = 0;
  int32_t intCount = 0;
  size_t firstFloat = 0;
  int32_t floatCount = 0;
  Guard guard = Guard::none;
  int32_t guardA = 0;
  int32_t guardB = 0;
};

struct ProgramSettings {
  const int32_t* tape = nullptr;
  size_t tapeWords = 0;
  const uint8_t* constants = nullptr;
  size_t constantBytes = 0;
  std::vector<std::shared_ptr<State>> states;
  std::vector<int32_t> updatedStates;
  int32_t predicateSegment = segments::absent;
  uint64_t predicateOffset = 0;
  uint64_t arenaBytes = 0;
  uint64_t inputBytes = 0;
  uint64_t outputBytes = 0;
  int64_t commitInstruction = -1;
};

// Immutable once built.
class Program {
 public:
  // Throws std::invalid_argument, naming the instruction, for a tape that is not well formed.
  explicit Program(const ProgramSettings& settings);
  ~Program();
  Program(const Program&) = delete;

  std::vector<Instruction> instructions;
  std::vector<Place> places;
  std::vector<int32_t> ints;
  std::vector<double> floats;
  platform::Buffer constants;
  std::vector<std::shared_ptr<State>> states;
  std::vector<int32_t> updatedStates;
  int32_t predicateSegment;
  uint64_t predicateOffset;
  uint64_t arenaBytes;
  uint64_t inputBytes;
  uint64_t outputBytes;
  // From this instruction on a run is not cancelled any more.
  size_t commitInstruction;
};

}  // namespace glossa
