#include "tape.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "../generated/ops.h"

namespace glossa {

namespace {

constexpr int32_t magic = 0x41534C47;  // "GLSA"
constexpr int32_t formatVersion = 1;
constexpr size_t wordsPerInstruction = 8;
constexpr size_t wordsPerPlace = 10;

// Reads words in order and refuses to go past the end.
class Words {
 public:
  Words(const int32_t* words, size_t count) : words_(words), left_(count) {}
  const int32_t* take(size_t count) {
    if (count > left_) throw std::invalid_argument("the tape ends too early");
    const int32_t* words = words_;
    words_ += count;
    left_ -= count;
    return words;
  }
  size_t left() const { return left_; }

 private:
  const int32_t* words_;
  size_t left_;
};

[[noreturn]] void refuse(size_t instruction, const std::string& what) {
  throw std::invalid_argument("instruction " + std::to_string(instruction) + " of the tape: " + what);
}

Place readPlace(const int32_t* words, size_t instruction, int32_t stateCount) {
  Place place;
  place.segment = words[0];
  place.offset = uint64_t(uint32_t(words[1])) | uint64_t(uint32_t(words[2])) << 32;
  if (place.segment < segments::absent || place.segment >= segments::firstState + stateCount) {
    refuse(instruction, "no segment " + std::to_string(place.segment));
  }
  if (words[3] < 0 || words[3] > static_cast<int32_t>(DType::q4_0)) {
    refuse(instruction, "no dtype " + std::to_string(words[3]));
  }
  place.dtype = static_cast<DType>(words[3]);
  place.rank = words[4];
  if (place.rank < 0 || place.rank > maxRank) refuse(instruction, "rank " + std::to_string(place.rank));
  for (int axis = 0; axis < place.rank; axis++) {
    place.dims[axis] = words[5 + axis];
    if (place.dims[axis] < -1) refuse(instruction, "size " + std::to_string(place.dims[axis]));
  }
  place.rowStride = words[9];
  if (place.rowStride < 0) refuse(instruction, "row stride " + std::to_string(place.rowStride));
  return place;
}

int64_t roundUp(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

}  // namespace

uint64_t bytesOf(const Operand& operand) {
  const auto packed = [&](int64_t depth, int64_t size) { return roundUp(operand.dims[1], 16) * depth * size; };
  // Whole panels of 16 outputs; a block of 32 inputs is a float16 scale and the weights.
  const auto inBlocks = [&](int64_t size) { return roundUp(operand.dims[0], 16) * (operand.dims[1] / 32) * size; };
  int64_t size = 4;
  switch (operand.dtype) {
    case DType::q8_0: return inBlocks(2 + 32);
    case DType::q4_0: return inBlocks(2 + 16);
    case DType::packedF32: return packed(operand.dims[0], 4);
    case DType::packedBf16: return packed(roundUp(operand.dims[0], 32), 2);
    case DType::bytes: size = 1; break;
    case DType::bf16: size = 2; break;
    case DType::f32:
    case DType::i32: break;
  }
  const int64_t elements = operand.elements();
  if (elements == 0 || operand.rank == 0) return elements * size;
  return ((operand.dims[0] - 1) * operand.rowStride + elements / operand.dims[0]) * size;
}

Operand Place::resolve(int64_t rows, uint8_t* base, uint64_t segmentBytes) const {
  Operand operand;
  operand.dtype = dtype;
  operand.rank = rank;
  int64_t row = 1;
  for (int axis = 0; axis < rank; axis++) {
    operand.dims[axis] = dims[axis] < 0 ? rows : dims[axis];
    if (axis > 0) row *= operand.dims[axis];
  }
  operand.rowStride = rowStride == 0 ? row : rowStride;
  if (segment == segments::absent) return operand;
  const uint64_t needed = bytesOf(operand);
  if (offset > segmentBytes || needed > segmentBytes - offset) {
    throw std::out_of_range(std::to_string(needed) + " bytes at " + std::to_string(offset) +
                            " do not fit segment " + std::to_string(segment) + " of " + std::to_string(segmentBytes));
  }
  // An empty segment has no address, yet its operands are present.
  static uint8_t nothing[platform::alignment];
  operand.data = base == nullptr ? nothing : base + offset;
  return operand;
}

Program::Program(const ProgramSettings& settings)
    : states(settings.states),
      updatedStates(settings.updatedStates),
      predicateSegment(settings.predicateSegment),
      predicateOffset(settings.predicateOffset),
      arenaBytes(settings.arenaBytes),
      inputBytes(settings.inputBytes),
      outputBytes(settings.outputBytes) {
  Words words(settings.tape, settings.tapeWords);
  const int32_t* header = words.take(3);
  if (header[0] != magic) throw std::invalid_argument("this is not a tape: wrong magic number");
  if (header[1] != formatVersion) {
    throw std::invalid_argument("tape version " + std::to_string(header[1]) + ", this addon runs version 1");
  }
  const int32_t stateCount = static_cast<int32_t>(states.size());
  const auto checkState = [&](int32_t index, size_t instruction) {
    if (index < 0 || index >= stateCount) refuse(instruction, "no state " + std::to_string(index));
  };
  for (int32_t index = 0; index < header[2]; index++) {
    const int32_t* head = words.take(wordsPerInstruction);
    Instruction instruction;
    instruction.kernel = head[0];
    instruction.outputCount = head[1];
    const int32_t operandCount = head[2];
    instruction.intCount = head[3];
    instruction.floatCount = head[4];
    if (head[5] < 0 || head[5] > 2) refuse(index, "no guard " + std::to_string(head[5]));
    instruction.guard = static_cast<Guard>(head[5]);
    instruction.guardA = head[6];
    instruction.guardB = head[7];
    if (instruction.kernel < 0 || instruction.kernel >= kernelCount) {
      refuse(index, "no kernel " + std::to_string(instruction.kernel));
    }
    const int32_t hidden = instruction.guard == Guard::predicate ? 1 : 0;
    instruction.inputCount = operandCount - hidden - instruction.outputCount;
    if (instruction.outputCount < 0 || instruction.inputCount < 0 || instruction.intCount < 0 ||
        instruction.floatCount < 0) {
      refuse(index, "operand counts do not fit together");
    }
    if (instruction.guard == Guard::stalePack) {
      checkState(instruction.guardA, index);
      checkState(instruction.guardB, index);
    }
    if (hidden && instruction.guardA != operandCount - 1) refuse(index, "the predicate must be the last operand");
    instruction.firstPlace = places.size();
    instruction.placeCount = operandCount;
    for (int32_t operand = 0; operand < operandCount; operand++) {
      places.push_back(readPlace(words.take(wordsPerPlace), index, stateCount));
    }
    if (hidden && places.back().segment == segments::absent) refuse(index, "the predicate has no place");
    instruction.firstInt = ints.size();
    const int32_t* intWords = words.take(instruction.intCount);
    ints.insert(ints.end(), intWords, intWords + instruction.intCount);
    instruction.firstFloat = floats.size();
    for (int32_t number = 0; number < instruction.floatCount; number++) {
      double value;
      std::memcpy(&value, words.take(2), sizeof value);
      floats.push_back(value);
    }
    instructions.push_back(instruction);
  }
  if (words.left() != 0) throw std::invalid_argument("the tape goes on after its last instruction");
  for (const int32_t index : updatedStates) {
    if (index < 0 || index >= stateCount) throw std::invalid_argument("no state " + std::to_string(index));
  }
  if (predicateSegment < segments::absent || predicateSegment >= segments::firstState + stateCount) {
    throw std::invalid_argument("the predicate is in no segment " + std::to_string(predicateSegment));
  }
  const int64_t commit = settings.commitInstruction;
  const size_t count = instructions.size();
  commitInstruction = commit < 0 || static_cast<size_t>(commit) > count ? count : static_cast<size_t>(commit);
  constants = platform::Buffer(settings.constantBytes);
  if (settings.constantBytes > 0) std::memcpy(constants.data(), settings.constants, settings.constantBytes);
  memoryCount().constants += static_cast<int64_t>(constants.size());
}

Program::~Program() { memoryCount().constants -= static_cast<int64_t>(constants.size()); }

}  // namespace glossa
