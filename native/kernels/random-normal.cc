// randomNormal: random numbers of the normal distribution around 0.
//
//   out | key      floats: deviation
//
// The four numbers at 4 c … 4 c + 3 come from the words of Philox with the counter c, by the transform of Box and Muller:
// of each pair of words (a, b), radius · cos(angle) and radius · sin(angle) with
//
//   radius = deviation · sqrt(−2 ln((⌊a / 2⁸⌋ + 1) / 2²⁴))      angle = 2π b / 2³²
//
// Sixteen counters are worked on at once. Work is split by numbers, which depend on their place alone.
#include <cmath>

#include "../simd/math.h"
#include "layout.h"
#include "philox.h"

namespace glossa::GLOSSA_LEVEL {

namespace {

constexpr int64_t groupNumbers = 4 * vectorLanes;

// b / 2³² of a turn, as the nearest quadrant and the angle from there in radians: |rest| ≤ π/4, each bit of b counts.
F32x16 angleOf(I32x16 b, I32x16& quadrant) {
  const I32x16 eighth = broadcastInt(1 << 29);
  const I32x16 shifted = b + eighth;
  quadrant = shiftRight<30>(shifted);
  return toFloat((shifted & broadcastInt((1 << 30) - 1)) - eighth) * broadcast(1.46291807927e-9f);
}

// Sixteen pairs of numbers.
void transform(const uint32_t* a, const uint32_t* b, F32x16 deviation, F32x16& first, F32x16& second) {
  const I32x16 upper = shiftRight<8>(loadInt(reinterpret_cast<const int32_t*>(a))) + broadcastInt(1);
  const F32x16 logarithm = log(toFloat(upper) * broadcast(0x1p-24f));
  const F32x16 radius = deviation * squareRoot(broadcast(-2.0f) * logarithm);
  I32x16 quadrant;
  const F32x16 rest = angleOf(loadInt(reinterpret_cast<const int32_t*>(b)), quadrant);
  first = radius * angles::sineAt(quadrant + broadcastInt(1), rest);
  second = radius * angles::sineAt(quadrant, rest);
}

// The numbers of sixteen counters.
void fillGroup(int64_t group, uint32_t key0, uint32_t key1, F32x16 deviation, float* to) {
  uint32_t words[4][vectorLanes] = {};
  for (int lane = 0; lane < vectorLanes; lane++) words[0][lane] = static_cast<uint32_t>(group * vectorLanes + lane);
  philox(key0, key1, words);
  float numbers[4][vectorLanes];
  for (int pair = 0; pair < 4; pair += 2) {
    F32x16 first, second;
    transform(words[pair], words[pair + 1], deviation, first, second);
    store(numbers[pair], first);
    store(numbers[pair + 1], second);
  }
  for (int lane = 0; lane < vectorLanes; lane++)
    for (int i = 0; i < 4; i++) to[4 * lane + i] = numbers[i][lane];
}

}  // namespace

void randomNormal(const Call& call, Team& team) {
  const Operand& out = call.outputs[0];
  const int32_t* key = call.inputs[0].as<int32_t>();
  require(out.dtype == DType::f32 && isContiguous(out) && call.inputs[0].elements() == 2, "randomNormal: shapes differ");
  const uint32_t key0 = static_cast<uint32_t>(key[0]), key1 = static_cast<uint32_t>(key[1]);
  const F32x16 deviation = broadcast(static_cast<float>(call.floats[0]));
  const int64_t count = out.elements();
  float* numbers = out.as<float>();
  forRanges(team, (count + groupNumbers - 1) / groupNumbers, groupNumbers, [&](int64_t begin, int64_t end, int) {
    for (int64_t group = begin; group < end; group++) {
      const int64_t start = group * groupNumbers;
      if (count - start >= groupNumbers) {
        fillGroup(group, key0, key1, deviation, numbers + start);
      } else {
        float last[groupNumbers];
        fillGroup(group, key0, key1, deviation, last);
        std::copy_n(last, count - start, numbers + start);
      }
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
