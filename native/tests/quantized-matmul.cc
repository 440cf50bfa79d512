// quantizedMatmul, quantizedEmbedding and linearCrossEntropy with weights in blocks: the bits of plain loops that follow
// quantized-block.h step by step; any number of threads, rows alone, weights of any byte. Prints checksums, the same on
// each level.
#include <chrono>
#include <cmath>
#include <limits>

#include "../kernels/block-panels.h"
#include "../kernels/kernels.h"
#include "team.h"

using namespace glossa;
using namespace glossa::LEVEL_NAMESPACE;

namespace {

Checksums results;

// Any bytes as weights, −128 among them, and any finite float16 below 2⁷ as scales, subnormal ones among them.
struct Weight {
  int64_t outputs, inputs, blocks;
  bool nibbles;
  Array panels;
  Weight(int64_t outputs, int64_t inputs, bool nibbles, uint64_t seed)
      : outputs(outputs),
        inputs(inputs),
        blocks(inputs / blockInputs),
        nibbles(nibbles),
        panels(nibbles ? DType::q4_0 : DType::q8_0, {outputs, inputs},
               ceilDivide(outputs, panelColumns) * panelColumns * blocks * (nibbles ? 18 : 34)) {
    Numbers numbers(seed);
    for (int64_t i = 0; i < panels.bytes; i++) panels.as<uint8_t>()[i] = static_cast<uint8_t>(numbers.next());
    const int64_t scales = ceilDivide(outputs, panelColumns) * panelColumns * blocks;
    uint16_t* first = reinterpret_cast<uint16_t*>(panels.as<uint8_t>() + panels.bytes - 2 * scales);
    for (int64_t i = 0; i < scales; i++) first[i] = static_cast<uint16_t>(numbers.next() & 0xd7ff);
  }
  int value(int64_t output, int64_t input) {
    const int64_t block = output / panelColumns * blocks + input / blockInputs, place = input % blockInputs;
    const uint8_t* weights = panels.as<uint8_t>() + block * (nibbles ? 256 : 512);
    const uint8_t byte = weights[(nibbles ? place % 16 : place) / 4 * 64 + output % panelColumns * 4 + place % 4];
    if (!nibbles) return static_cast<int8_t>(byte);
    return (place < 16 ? byte & 15 : byte >> 4) - 8;
  }
  float scale(int64_t output, int64_t block) {
    const int64_t all = ceilDivide(outputs, panelColumns) * panelColumns * blocks;
    const uint8_t* scales = panels.as<uint8_t>() + panels.bytes - 2 * all;
    uint16_t bits;
    std::memcpy(&bits, scales + 2 * ((output / panelColumns * blocks + block) * panelColumns + output % panelColumns), 2);
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    return static_cast<float>(bits & 0x8000 ? -size : size);
  }
};

Array activations(int64_t rows, int64_t inputs, uint64_t seed) {
  Array array(DType::f32, {rows, inputs});
  Numbers numbers(seed);
  for (int64_t i = 0; i < rows * inputs; i++) array.as<float>()[i] = numbers.signedValue() * (i % 7 == 0 ? 40.0f : 1.0f);
  return array;
}

Array multiplied(Weight& weight, const Operand& x, Team& team, DType dtype = DType::f32) {
  Array out(dtype, {x.dims[0], weight.outputs});
  Array scratch(DType::bytes, {1}, roundUp(x.dims[0], 16) * weight.blocks * 40);
  const Operand outputs[2] = {out.operand, scratch.operand}, inputs[2] = {x, weight.panels.operand};
  quantizedMatmul({outputs, 2, inputs, 2, nullptr, 0, nullptr, 0}, team);
  expect(out.guardIntact() && scratch.guardIntact(), "quantizedMatmul stays inside");
  return out;
}

bool same(const void* a, const void* b, int64_t bytes) { return bytes == 0 || std::memcmp(a, b, static_cast<size_t>(bytes)) == 0; }

// The referee: one sum, step by step.
float sumOf(Weight& weight, const float* x, int64_t output) {
  float y = 0;
  for (int64_t block = 0; block < weight.blocks; block++) {
    float largest = 0;
    for (int64_t i = 0; i < blockInputs; i++) largest = std::max(largest, std::fabs(x[block * blockInputs + i]));
    int32_t sum = 0;
    float scale = 0;
    if (largest >= 0x1p-119f) {
      scale = largest / 127.0f;
      const float factor = 127.0f / largest;
      for (int64_t i = 0; i < blockInputs; i++) {
        const int64_t input = block * blockInputs + i;
        sum += static_cast<int32_t>(std::nearbyintf(x[input] * factor)) * weight.value(output, input);
      }
    }
    y = std::fma(static_cast<float>(sum), weight.scale(output, block) * scale, y);
  }
  return y;
}

void checkShape(int64_t rows, int64_t inputs, int64_t outputs, Team& one, Team& three) {
  for (const bool nibbles : {false, true}) {
    Weight weight(outputs, inputs, nibbles, 1);
    Array x = activations(rows, inputs, 2);
    Array out = multiplied(weight, x.operand, one);
    bool good = true;
    for (int64_t row = 0; row < rows; row++)
      for (int64_t output = 0; output < outputs; output++)
        good = good && sumOf(weight, x.as<float>() + row * inputs, output) == out.as<float>()[row * outputs + output];
    checks++;
    if (!good) {
      failures++;
      std::printf("FAILED %lld × %lld × %lld %s: other numbers than plain loops\n", (long long)rows, (long long)inputs,
                  (long long)outputs, nibbles ? "q4_0" : "q8_0");
    }
    results.add(false, out.operand.data, out.bytes);
    Array again = multiplied(weight, x.operand, three);
    expect(same(out.operand.data, again.operand.data, out.bytes), "three threads give the bits of one");
    Array half = multiplied(weight, x.operand, three, DType::bf16);
    bool rounded = true;
    for (int64_t i = 0; i < rows * outputs; i++) rounded = rounded && half.as<uint16_t>()[i] == floatToBf16(out.as<float>()[i]);
    expect(rounded, "bf16 output is the f32 one rounded");
    for (const int64_t count : {int64_t{1}, int64_t{5}, int64_t{13}}) {
      if (count >= rows) continue;
      Operand few = x.operand;
      few.dims[0] = count;
      few.data = x.as<float>() + (rows - count) * inputs;
      Array fewOut = multiplied(weight, few, three);
      expect(same(fewOut.operand.data, out.as<float>() + (rows - count) * outputs, fewOut.bytes),
             "rows alone give the bits they give in company");
    }
  }
}

// Three weights at once give the bits that each gives alone.
void checkTogether(int64_t rows, Team& team) {
  for (const bool nibbles : {false, true}) {
    Weight weights[3] = {{40, 96, nibbles, 8}, {7, 96, nibbles, 9}, {130, 96, nibbles, 10}};
    Array x = activations(rows, 96, 11), scratch(DType::bytes, {1}, roundUp(rows, 16) * 3 * 40);
    Array outs[3] = {{DType::f32, {rows, 40}}, {DType::bf16, {rows, 7}}, {DType::f32, {rows, 130}}};
    const Operand inputs[4] = {x.operand, weights[0].panels.operand, weights[1].panels.operand, weights[2].panels.operand};
    const Operand outputs[4] = {outs[0].operand, outs[1].operand, outs[2].operand, scratch.operand};
    quantizedMatmul({outputs, 4, inputs, 4, nullptr, 0, nullptr, 0}, team);
    for (int i = 0; i < 3; i++) {
      Array alone = multiplied(weights[i], x.operand, team, outs[i].operand.dtype);
      expect(outs[i].guardIntact() && same(outs[i].operand.data, alone.operand.data, alone.bytes),
             "weights together give the bits they give alone");
    }
  }
}

// A row with a NaN or an infinity is NaN throughout, and no other.
void checkStrange(Team& team) {
  for (const bool nibbles : {false, true}) {
    Weight weight(37, 96, nibbles, 3);
    Array x = activations(20, 96, 4);
    x.as<float>()[3 * 96 + 50] = std::numeric_limits<float>::quiet_NaN();
    x.as<float>()[9 * 96 + 1] = -std::numeric_limits<float>::infinity();
    for (int64_t input = 0; input < 96; input++) x.as<float>()[11 * 96 + input] = input % 2 ? 1e-37f : 1e-40f;
    Array out = multiplied(weight, x.operand, team);
    bool good = true;
    for (int64_t i = 0; i < 20 * 37; i++) {
      const bool strange = i / 37 == 3 || i / 37 == 9;
      good = good && std::isnan(out.as<float>()[i]) == strange && (i / 37 != 11 || out.as<float>()[i] == 0);
    }
    expect(good, "NaN and infinities stay in their rows, tiny blocks are zero");
  }
}

void checkEmbedding(Team& team) {
  for (const bool nibbles : {false, true}) {
    Weight table(37, 96, nibbles, 5);
    Array ids(DType::i32, {80}), out(DType::f32, {80, 96});
    for (int row = 0; row < 80; row++) ids.as<int32_t>()[row] = row * 7 % 37;
    const Operand inputs[2] = {table.panels.operand, ids.operand};
    quantizedEmbedding({&out.operand, 1, inputs, 2, nullptr, 0, nullptr, 0}, team);
    bool good = out.guardIntact();
    for (int64_t row = 0; row < 80; row++)
      for (int64_t input = 0; input < 96; input++) {
        const int64_t id = ids.as<int32_t>()[row];
        good = good && out.as<float>()[row * 96 + input] == static_cast<float>(table.value(id, input)) * table.scale(id, input / 32);
      }
    expect(good, "quantizedEmbedding gives scale · q");
    results.add(false, out.operand.data, out.bytes);
    ids.as<int32_t>()[7] = 37;
    bool thrown = false;
    try {
      quantizedEmbedding({&out.operand, 1, inputs, 2, nullptr, 0, nullptr, 0}, team);
    } catch (const std::exception&) {
      thrown = true;
    }
    expect(thrown, "an id beyond the table ends the run");
  }
}

// The loss from the whole matrix of logits, to the bit.
void checkLoss(int64_t rows, int64_t vocabulary, Team& one, Team& three) {
  for (const bool nibbles : {false, true}) {
    Weight weight(vocabulary, 64, nibbles, 6);
    Array hidden = activations(rows, 64, 7), targets(DType::i32, {rows});
    for (int64_t i = 0; i < hidden.operand.elements(); i++) hidden.as<float>()[i] *= 0.01f;
    for (int64_t row = 0; row < rows; row++)
      targets.as<int32_t>()[row] = row % 5 == 3 ? -1 : static_cast<int32_t>(row * 331 % vocabulary);
    Array logits = multiplied(weight, hidden.operand, three);
    for (Team* team : {&one, &three}) {
      Array nll(DType::f32, {rows}), sums(DType::f32, {rows});
      const Operand outputs[2] = {nll.operand, sums.operand};
      const Operand inputs[3] = {hidden.operand, weight.panels.operand, targets.operand};
      linearCrossEntropy({outputs, 2, inputs, 3, nullptr, 0, nullptr, 0}, *team);
      bool good = nll.guardIntact() && sums.guardIntact();
      for (int64_t row = 0; row < rows; row++) {
        const float* values = logits.as<float>() + row * vocabulary;
        const float sum = rowLogSumExp(values, vocabulary);
        const int32_t target = targets.as<int32_t>()[row];
        good = good && sums.as<float>()[row] == sum && nll.as<float>()[row] == (target < 0 ? 0.0f : sum - values[target]);
      }
      expect(good, "linearCrossEntropy in blocks has the bits of whole logits");
      results.add(false, nll.operand.data, nll.bytes);
    }
  }
}

void time(int64_t rows, int64_t inputs, int64_t outputs, int threads) {
  TestTeam team(threads);
  for (const bool nibbles : {false, true}) {
    Weight weight(outputs, inputs, nibbles, 1);
    Array x = activations(rows, inputs, 2);
    double best = 1e9;
    for (int repeat = 0; repeat < 9; repeat++) {
      const auto start = std::chrono::steady_clock::now();
      multiplied(weight, x.operand, team);
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::printf("%5lld × %5lld × %5lld %s threads %d: %8.3f ms %7.1f Gop/s, weights at %.1f GB/s\n", (long long)rows,
                (long long)inputs, (long long)outputs, nibbles ? "q4_0" : "q8_0", threads, best * 1e3,
                2.0 * rows * inputs * outputs / best * 1e-9, weight.panels.bytes / best * 1e-9);
  }
}

}  // namespace

int main(int argc, char** argv) {
  flushDenormals();
  if (argc > 1 && std::strcmp(argv[1], "time") == 0) {
    for (const int threads : {1, 2}) {
      time(1, 768, 32000, threads);
      time(8, 768, 32000, threads);
      time(512, 768, 2048, threads);
    }
    return 0;
  }
  TestTeam one(1), three(3);
  for (const int64_t rows : {0, 1, 2, 3, 4, 5, 7, 11, 12, 13, 16, 17, 33})
    for (const int64_t inputs : {0, 32, 64, 160, 288})
      for (const int64_t outputs : {1, 15, 16, 17, 50}) checkShape(rows, inputs, outputs, one, three);
  checkShape(5, 32, 0, one, three);
  checkShape(300, 2048, 40, one, three);
  for (const int64_t rows : {1, 8, 40}) checkTogether(rows, three);
  checkStrange(three);
  checkEmbedding(three);
  for (const int64_t rows : {0, 1, 5, 16, 40, 130})
    for (const int64_t vocabulary : {1, 17, 1024, 2100}) checkLoss(rows, vocabulary, one, three);
  results.print("quantizedMatmul");
  return finish();
}
