// The kernels that work on elements, rows and tokens against plain loops in double: on each level this machine has, on
// 1, 2, 3 and 8 threads, the same bits everywhere.
#include "check.h"

#include <algorithm>

using namespace glossa;
using namespace glossa::tests;

namespace {

const std::vector<int64_t> sizes = {0, 1, 15, 16, 17, 33};

std::string shape(const char* name, int64_t rows, int64_t width) {
  return std::string(name) + " " + std::to_string(rows) + "x" + std::to_string(width);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double geluTanh(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))); }
double geluErf(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double silu(double x) { return x * sigmoid(x); }
// A central difference: the referee of the gradients.
template <class F> double slope(const F& f, double x) { return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5; }

void microOps() {
  using Plain = std::function<double(double, double, double)>;
  const std::vector<std::pair<MicroOp, Plain>> all = {
      {MicroOp::copy, [](double a, double, double) { return a; }},
      {MicroOp::add, [](double a, double b, double) { return a + b; }},
      {MicroOp::subtract, [](double a, double b, double) { return a - b; }},
      {MicroOp::multiply, [](double a, double b, double) { return a * b; }},
      {MicroOp::divide, [](double a, double b, double) { return a / b; }},
      {MicroOp::maximum, [](double a, double b, double) { return std::max(a, b); }},
      {MicroOp::minimum, [](double a, double b, double) { return std::min(a, b); }},
      {MicroOp::negate, [](double a, double, double) { return -a; }},
      {MicroOp::absolute, [](double a, double, double) { return std::fabs(a); }},
      {MicroOp::exp, [](double a, double, double) { return std::exp(a); }},
      {MicroOp::log, [](double, double, double c) { return std::log(c); }},
      {MicroOp::sqrt, [](double, double, double c) { return std::sqrt(c); }},
      {MicroOp::reciprocalSqrt, [](double, double, double c) { return 1 / std::sqrt(c); }},
      {MicroOp::tanh, [](double a, double, double) { return std::tanh(a); }},
      {MicroOp::sigmoid, [](double a, double, double) { return sigmoid(a); }},
      {MicroOp::erf, [](double a, double, double) { return std::erf(a); }},
      {MicroOp::relu, [](double a, double, double) { return std::max(a, 0.0); }},
      {MicroOp::geluTanh, [](double a, double, double) { return geluTanh(a); }},
      {MicroOp::geluTanhGradient, [](double a, double b, double) { return b * slope(geluTanh, a); }},
      {MicroOp::geluErf, [](double a, double, double) { return geluErf(a); }},
      {MicroOp::geluErfGradient, [](double a, double b, double) { return b * slope(geluErf, a); }},
      {MicroOp::silu, [](double a, double, double) { return silu(a); }},
      {MicroOp::siluGradient, [](double a, double b, double) { return b * slope(silu, a); }},
      {MicroOp::greater, [](double a, double b, double) { return a > b ? 1 : 0; }},
      {MicroOp::equal, [](double a, double b, double) { return a == b ? 1 : 0; }},
      {MicroOp::select, [](double a, double b, double c) { return a != 0 ? b : c; }},
      {MicroOp::multiplyAdd, [](double a, double b, double c) { return a * b + c; }},
      {MicroOp::roundBf16, [](double a, double, double) { return fromBf16(toBf16(static_cast<float>(a))); }},
      {MicroOp::square, [](double a, double, double) { return a * a; }},
      {MicroOp::reciprocal, [](double a, double, double) { return 1 / a; }},
      {MicroOp::finite, [](double, double, double) { return 1; }},
      {MicroOp::sin, [](double a, double, double) { return std::sin(a); }},
      {MicroOp::cos, [](double a, double, double) { return std::cos(a); }},
      {MicroOp::greaterEqual, [](double a, double b, double) { return a >= b ? 1 : 0; }},
  };
  expect(all.size() == microOpCount, "every micro-operation is tested");
  Numbers numbers(1);
  for (const auto& [op, plain] : all) {
    const std::string name = "micro-operation " + std::to_string(static_cast<int>(op));
    Tensor a = random(numbers, {517}, DType::f32, 4), b = random(numbers, {517}, DType::f32, 4);
    Tensor c = random(numbers, {517});
    for (int64_t i = 0; i < 517; i++) c.set(i, std::fabs(c.at(i)) + 0.001);
    for (int64_t i = 0; i < 517; i += 7) a.set(i, b.at(i));
    const bool takesC = op == MicroOp::log || op == MicroOp::sqrt || op == MicroOp::reciprocalSqrt;
    const Trial trial{KernelNumber::elementwise, {Tensor(DType::f32, {517})}, {a, b, c},
                      {1, static_cast<int32_t>(op), 3, takesC ? 2 : 0, 1, 2, 3}, {}, {}, {}};
    const Tensor out = trial.runEverywhere(name)[0];
    for (int64_t i = 0; i < 517; i++) expectClose(out.at(i), plain(a.at(i), b.at(i), c.at(i)), 2e-6, name);
  }
  // Values at the edges: NaN and infinities pass as they should.
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  Tensor edges = constant({4}, 0);
  for (int i = 0; i < 4; i++) edges.set(i, std::vector<float>{nan, infinity, -infinity, 1}[i]);
  const auto edge = [&](MicroOp op) {
    return Trial{KernelNumber::elementwise, {Tensor(DType::f32, {4})}, {edges, constant({4}, 2)},
                 {1, static_cast<int32_t>(op), 2, 0, 1, 0, 2}, {}, {}, {}}.run("scalar", 1)[0];
  };
  expect(std::isnan(edge(MicroOp::maximum).at(0)) && edge(MicroOp::maximum).at(1) == infinity, "maximum keeps NaN");
  expect(std::isnan(edge(MicroOp::minimum).at(0)) && edge(MicroOp::minimum).at(2) == -infinity, "minimum keeps NaN");
  expect(std::isnan(edge(MicroOp::relu).at(0)), "relu keeps NaN");
  for (int i = 0; i < 4; i++) expect(edge(MicroOp::finite).at(i) == (i == 3), "finite");
}

void broadcasting() {
  Numbers numbers(2);
  for (const int64_t rows : sizes) {
    for (const int64_t width : sizes) {
      // (x + bias) · scale[row] − 0.5 and its square, x in bf16 with a row stride; the second output rounded.
      const Tensor x = random(numbers, {rows, width}, DType::bf16, 1, width + 3), bias = random(numbers, {width});
      const Tensor scale = random(numbers, {rows, 1}), whole = ids(numbers, rows * width, 9);
      Tensor integers = whole;
      integers.operand.rank = 2;
      integers.operand.dims[0] = rows;
      integers.operand.dims[1] = integers.operand.rowStride = width;
      const auto step = [](MicroOp op, int to, int a, int b) { return std::vector<int32_t>{static_cast<int32_t>(op), to, a, b, 0}; };
      std::vector<int32_t> ints = {5};
      for (const auto& words : {step(MicroOp::add, 5, 0, 1), step(MicroOp::multiply, 6, 5, 2),
                                step(MicroOp::subtract, 7, 6, 4), step(MicroOp::add, 7, 7, 3),
                                step(MicroOp::square, 6, 7, 0)}) {
        ints.insert(ints.end(), words.begin(), words.end());
      }
      ints.insert(ints.end(), {7, 6});
      const Trial trial{KernelNumber::elementwise, {Tensor(DType::f32, {rows, width}), Tensor(DType::bf16, {rows, width}, width + 1)},
                        {x, bias, scale, integers}, ints, {0.5}, {}, {}};
      const auto out = trial.runEverywhere(shape("elementwise", rows, width));
      for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < width; j++) {
          const double wanted = (double(x.at(i * (width + 3) + j)) + bias.at(j)) * scale.at(i) - 0.5 + integers.at(i * width + j);
          expectClose(out[0].at(i * width + j), wanted, 1e-6, shape("elementwise", rows, width));
          const float first = out[0].at(i * width + j);
          expect(out[1].at(i * (width + 1) + j) == fromBf16(toBf16(first * first)), shape("elementwise rounds", rows, width));
        }
      }
    }
  }
  // Four axes, two of them repeated, and an output on its input.
  const Tensor a = random(numbers, {3, 1, 5, 17}), b = random(numbers, {4, 1, 17});
  const std::vector<int32_t> subtract = {1, static_cast<int32_t>(MicroOp::subtract), 2, 0, 1, 0, 2};
  const Tensor four = Trial{KernelNumber::elementwise, {Tensor(DType::f32, {3, 4, 5, 17})}, {a, b}, subtract, {}, {}, {}}.runEverywhere("four axes")[0];
  for (int64_t i = 0; i < 3 * 4 * 5 * 17; i++) {
    const int64_t l = i % 17, k = i / 17 % 5, j = i / 85 % 4, h = i / 340;
    expect(four.at(i) == a.at((h * 5 + k) * 17 + l) - b.at(j * 17 + l), "four axes");
  }
  const Tensor x = random(numbers, {100, 333}), y = random(numbers, {333});
  const Tensor inPlace = Trial{KernelNumber::elementwise, {Tensor(DType::f32, {100, 333})}, {x, y}, subtract, {}, {0}, {}}.runEverywhere("in place")[0];
  for (int64_t i = 0; i < 33300; i++) expect(inPlace.at(i) == x.at(i) - y.at(i % 333), "in place");
  // Two outputs that lie on each other's inputs: a swap.
  const Tensor p = random(numbers, {1000}), q = random(numbers, {1000});
  const auto swapped = Trial{KernelNumber::elementwise, {p, q}, {p, q}, {0, 1, 0}, {}, {0, 1}, {}}.runEverywhere("swap");
  for (int64_t i = 0; i < 1000; i++) expect(swapped[0].at(i) == q.at(i) && swapped[1].at(i) == p.at(i), "swap");
}

void moves() {
  Numbers numbers(3);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Tensor x = random(numbers, {17, 3, 33}, dtype);
    std::vector<int32_t> permutation = {0, 1, 2};
    do {
      const int64_t dims[3] = {17, 3, 33}, strides[3] = {99, 33, 1};
      const auto at = [&](int axis) { return dims[permutation[axis]]; };
      const Tensor out = Trial{KernelNumber::transpose, {Tensor(dtype, {at(0), at(1), at(2)})}, {x}, permutation, {}, {}, {}}.runEverywhere("transpose")[0];
      for (int64_t n = 0, i = 0; i < at(0); i++) {
        for (int64_t j = 0; j < at(1); j++) {
          for (int64_t k = 0; k < at(2); k++, n++) {
            expect(out.at(n) == x.at(i * strides[permutation[0]] + j * strides[permutation[1]] + k * strides[permutation[2]]), "transpose");
          }
        }
      }
    } while (std::next_permutation(permutation.begin(), permutation.end()));
    for (int axis = 0; axis < 3; axis++) {
      std::vector<int64_t> first = {17, 3, 33}, second = {17, 3, 33};
      first[axis] = 1;
      second[axis] -= 1;
      const Tensor a = Trial{KernelNumber::slice, {Tensor(dtype, first)}, {x}, {axis, 0}, {}, {}, {}}.runEverywhere("slice")[0];
      const Tensor b = Trial{KernelNumber::slice, {Tensor(dtype, second)}, {x}, {axis, 1}, {}, {}, {}}.runEverywhere("slice")[0];
      const Tensor both = Trial{KernelNumber::concatenate, {Tensor(dtype, {17, 3, 33})}, {a, b}, {axis}, {}, {}, {}}.runEverywhere("concatenate")[0];
      expect(both.bytes == x.bytes, "a tensor cut in two and joined is the same");
      expect(axis == 2 ? b.at(0) == x.at(1) : axis == 1 ? b.at(0) == x.at(33) : b.at(0) == x.at(99), "slice starts where it should");
    }
  }
  const Tensor empty = Trial{KernelNumber::transpose, {Tensor(DType::f32, {5, 0})}, {Tensor(DType::f32, {0, 5})}, {1, 0}, {}, {}, {}}.runEverywhere("empty")[0];
  expect(empty.stored() == 0, "nothing is transposed");
  for (const DType dtype : {DType::f32, DType::bf16, DType::i32}) {
    const Tensor filled = Trial{KernelNumber::fill, {Tensor(dtype, {33, 17})}, {}, {}, {3}, {}, {}}.runEverywhere("fill")[0];
    for (int64_t i = 0; i < 33 * 17; i++) expect(filled.at(i) == 3, "fill");
  }
  const Tensor x = random(numbers, {33, 17});
  const Tensor rounded = Trial{KernelNumber::round, {Tensor(DType::bf16, {33, 17})}, {x}, {}, {}, {}, {}}.runEverywhere("round")[0];
  for (int64_t i = 0; i < 33 * 17; i++) expect(rounded.at(i) == fromBf16(toBf16(x.at(i))), "round");
}

void sums() {
  Numbers numbers(4);
  for (const int64_t rows : {0, 1, 15, 33, 100}) {
    for (const int64_t width : {0, 1, 15, 16, 17, 33, 300, 5000}) {
      const Tensor x = random(numbers, {rows, width});
      const std::string name = shape("sum", rows, width);
      const Tensor columns = Trial{KernelNumber::sum, {Tensor(DType::f32, {1, width})}, {x}, {0}, {}, {}, {}}.runEverywhere(name)[0];
      const Tensor lines = Trial{KernelNumber::sum, {Tensor(DType::f32, {rows, 1})}, {x}, {1}, {}, {}, {}}.runEverywhere(name)[0];
      const Tensor highest = Trial{KernelNumber::maximumAlong, {Tensor(DType::f32, {rows, 1})}, {x}, {1}, {}, {}, {}}.runEverywhere(name)[0];
      const Tensor top = Trial{KernelNumber::maximumAlong, {Tensor(DType::f32, {1, width})}, {x}, {0}, {}, {}, {}}.runEverywhere(name)[0];
      const Tensor squares = Trial{KernelNumber::sumOfSquares, {Tensor(DType::f32, {})}, {x}, {}, {}, {}, {}}.runEverywhere(name)[0];
      double allSquares = 0;
      std::vector<double> down(width, 0), peak(width, -INFINITY);
      for (int64_t i = 0; i < rows; i++) {
        double along = 0, largest = -INFINITY;
        for (int64_t j = 0; j < width; j++) {
          const double value = x.at(i * width + j);
          along += value;
          down[j] += value;
          allSquares += value * value;
          largest = std::max(largest, value);
          peak[j] = std::max(peak[j], value);
        }
        expectClose(lines.at(i), along, 1e-5, name + " along rows");
        expect(highest.at(i) == largest, name + " maximum of a row");
      }
      for (int64_t j = 0; j < width; j++) expectClose(columns.at(j), down[j], 1e-5, name + " down columns");
      for (int64_t j = 0; j < width; j++) expect(top.at(j) == peak[j], name + " maximum of a column");
      expectClose(squares.at(0), allSquares, 1e-5, name + " of squares");
    }
  }
  // The middle axis, and a sum continued in its own place: 96 rows at once or 64 and then 32 give the same bits.
  const Tensor cube = random(numbers, {4, 50, 7});
  const Tensor middle = Trial{KernelNumber::sum, {Tensor(DType::f32, {4, 1, 7})}, {cube}, {1}, {}, {}, {}}.runEverywhere("middle")[0];
  for (int64_t i = 0; i < 28; i++) {
    double wanted = 0;
    for (int64_t j = 0; j < 50; j++) wanted += cube.at((i / 7 * 50 + j) * 7 + i % 7);
    expectClose(middle.at(i), wanted, 1e-5, "middle axis");
  }
  const Tensor x = random(numbers, {96, 200});
  Tensor head = x, tail = x;
  head.operand.dims[0] = 64;
  tail.operand.dims[0] = 32;
  std::memmove(tail.bytes.data(), tail.bytes.data() + 64 * 200 * 4, 32 * 200 * 4);
  const Tensor whole = Trial{KernelNumber::sum, {Tensor(DType::f32, {1, 200})}, {x}, {0}, {}, {}, {}}.runEverywhere("whole")[0];
  const Tensor begun = Trial{KernelNumber::sum, {Tensor(DType::f32, {1, 200})}, {head}, {0}, {}, {}, {}}.run("scalar", 1)[0];
  const Tensor continued = Trial{KernelNumber::sum, {begun}, {tail, begun}, {0}, {}, {1}, {}}.runEverywhere("continued")[0];
  expect(continued.bytes == whole.bytes, "64 rows and then 32 more give the bits of 96");
}

void norms() {
  Numbers numbers(5);
  const double epsilon = 1e-5;
  for (const int64_t rows : {0, 1, 17, 70}) {
    for (const int64_t width : {1, 15, 16, 17, 33, 300}) {
      const std::string name = shape("norm", rows, width);
      const Tensor x = random(numbers, {rows, width}), dy = random(numbers, {rows, width});
      const Tensor weight = random(numbers, {width}), bias = random(numbers, {width});
      const Tensor row1(DType::f32, {rows, 1}), flat(DType::f32, {rows, width}), line(DType::f32, {width});
      const auto layer = Trial{KernelNumber::layerNorm, {flat, row1, row1}, {x, weight, bias}, {}, {epsilon}, {}, {}}.runEverywhere(name);
      const auto rms = Trial{KernelNumber::rmsNorm, {flat, row1}, {x, weight}, {}, {epsilon}, {}, {}}.runEverywhere(name);
      const auto soft = Trial{KernelNumber::softmax, {flat}, {x}, {}, {}, {}, {}}.runEverywhere(name)[0];
      const Tensor partials(DType::bytes, {(rows + 31) / 32 * width * 8});
      const auto layerD = Trial{KernelNumber::layerNormGradient, {flat, line, line, partials}, {x, weight, layer[1], layer[2], dy, bias, weight}, {}, {}, {}, {}}.runEverywhere(name);
      const auto rmsD = Trial{KernelNumber::rmsNormGradient, {flat, line, partials}, {x, weight, rms[1], dy, bias}, {}, {}, {}, {false, false, false, false, true}}.runEverywhere(name);
      std::vector<double> layerW(width), layerB(width), rmsW(width, 0);
      for (int64_t j = 0; j < width; j++) layerW[j] = bias.at(j), layerB[j] = weight.at(j);
      for (int64_t i = 0; i < rows; i++) {
        const auto at = [&](int64_t j) { return double(x.at(i * width + j)); };
        double mean = 0, variance = 0, square = 0, highest = -INFINITY, powers = 0;
        for (int64_t j = 0; j < width; j++) mean += at(j) / width, square += at(j) * at(j) / width, highest = std::max(highest, at(j));
        for (int64_t j = 0; j < width; j++) variance += (at(j) - mean) * (at(j) - mean) / width, powers += std::exp(at(j) - highest);
        const double scale = 1 / std::sqrt(variance + epsilon), root = 1 / std::sqrt(square + epsilon);
        expectClose(layer[1].at(i), mean, 1e-5, name + " mean");
        expectClose(layer[2].at(i), scale, 1e-4, name + " deviation");
        expectClose(rms[1].at(i), root, 1e-5, name + " rms");
        double level = 0, tilt = 0, rootTilt = 0;
        for (int64_t j = 0; j < width; j++) {
          const double g = double(dy.at(i * width + j)) * weight.at(j);
          level += g / width;
          tilt += g * (at(j) - mean) * scale / width;
          rootTilt += g * at(j) * root / width;
        }
        for (int64_t j = 0; j < width; j++) {
          const int64_t n = i * width + j;
          const double normal = (at(j) - mean) * scale, g = double(dy.at(n)) * weight.at(j);
          expectClose(layer[0].at(n), normal * weight.at(j) + bias.at(j), 1e-4, name + " layerNorm");
          expectClose(rms[0].at(n), at(j) * root * weight.at(j), 1e-5, name + " rmsNorm");
          expectClose(soft.at(n), std::exp(at(j) - highest) / powers, 1e-6, name + " softmax");
          // A row of one element has deviation √epsilon: what is left of its gradient is rounding times 316.
          if (width > 1) expectClose(layerD[0].at(n), scale * (g - level - normal * tilt), 1e-3, name + " layerNormGradient");
          expectClose(rmsD[0].at(n), root * (g - at(j) * root * rootTilt), 1e-4, name + " rmsNormGradient");
          layerW[j] += dy.at(n) * normal;
          layerB[j] += dy.at(n);
          rmsW[j] += dy.at(n) * at(j) * root;
        }
      }
      for (int64_t j = 0; j < width; j++) {
        expectClose(layerD[1].at(j), layerW[j], 2e-4, name + " layerNormGradient's weight");
        expectClose(layerD[2].at(j), layerB[j], 1e-5, name + " layerNormGradient's bias");
        expectClose(rmsD[1].at(j), rmsW[j], 2e-4, name + " rmsNormGradient's weight");
      }
    }
  }
}

// A matrix rounded, packed and summed in one walk: what elementwise, pack and sum give one after the other.
void rowsInForms() {
  Numbers numbers(17);
  const auto packed = [](DType dtype, int64_t rows, int64_t width) {
    const int64_t panel = dtype == DType::packedBf16 ? (rows + 31) / 32 * 32 * 32 : rows * 64;
    Tensor tensor(DType::bytes, {(width + 15) / 16 * panel});
    tensor.operand.dtype = dtype;
    tensor.operand.rank = 2;
    tensor.operand.dims[0] = rows;
    tensor.operand.dims[1] = tensor.operand.rowStride = width;
    return tensor;
  };
  const auto step = [](MicroOp op, int to, int a, int b) { return std::vector<int32_t>{static_cast<int32_t>(op), to, a, b, 0}; };
  for (const int64_t rows : {0, 1, 31, 32, 33, 100}) {
    for (const int64_t width : {1, 15, 16, 17, 33, 300}) {
      const std::string name = shape("forms", rows, width);
      const Tensor x = random(numbers, {rows, width}, DType::f32, 1, width + 3), bias = random(numbers, {width});
      const Tensor flat(DType::f32, {rows, width}), line(DType::f32, {width}), half(DType::bf16, {rows, width}, width + 5);
      const Tensor partials(DType::bytes, {(rows + 31) / 32 * width * 8});
      // Outputs: the rounded sum, it packed, the sum packed in f32, the sum over rows of the input and of the sum.
      std::vector<int32_t> ints = {5, 0, 1, 1, 2, 2, 2};
      for (const auto& words : {step(MicroOp::add, 2, 0, 1), step(MicroOp::roundBf16, 3, 2, 0)}) ints.insert(ints.end(), words.begin(), words.end());
      ints.insert(ints.end(), {3, 3, 2, 0, 2});
      const auto out = Trial{KernelNumber::elementwiseRows,
                             {half, packed(DType::packedBf16, rows, width), packed(DType::packedF32, rows, width), line, line, partials},
                             {x, bias}, ints, {}, {}, {}}.runEverywhere(name);
      const std::vector<int32_t> addition = {1, static_cast<int32_t>(MicroOp::add), 2, 0, 1, 0, 2};
      const Tensor total = Trial{KernelNumber::elementwise, {flat}, {x, bias}, addition, {}, {}, {}}.runEverywhere(name)[0];
      const Tensor rounded = Trial{KernelNumber::round, {half}, {total}, {}, {}, {}, {}}.runEverywhere(name)[0];
      const auto packOf = [&](const Tensor& of, DType dtype) { return Trial{KernelNumber::pack, {packed(dtype, rows, width)}, {of}, {0}, {}, {}, {}}.runEverywhere(name)[0]; };
      const auto sumOf = [&](const Tensor& of) { return Trial{KernelNumber::sum, {Tensor(DType::f32, {1, width})}, {of}, {0}, {}, {}, {}}.runEverywhere(name)[0]; };
      expect(out[0].bytes == rounded.bytes, name + " rounded");
      expect(out[1].bytes == packOf(rounded, DType::packedBf16).bytes, name + " packed in bf16");
      expect(out[2].bytes == packOf(total, DType::packedF32).bytes, name + " packed in f32");
      expect(out[3].bytes == sumOf(x).bytes, name + " input summed");
      expect(out[4].bytes == sumOf(total).bytes, name + " sum summed");
    }
  }
}

// Outputs of a walk that lie on its inputs, which later steps still read or which are given out as well: the numbers of
// outputs in memory of their own.
void rowsInPlace() {
  Numbers numbers(19);
  const auto word = [](MicroOp op) { return static_cast<int32_t>(op); };
  for (const int64_t rows : {1, 32, 45}) {
    for (const int64_t width : {16, 32, 33, 96}) {
      const std::string name = shape("in place", rows, width);
      const Tensor x = random(numbers, {rows, width}), y = random(numbers, {rows, width});
      const Tensor matrix(DType::f32, {rows, width});
      // Registers 0 and 1 are x and y.
      const std::vector<std::vector<int32_t>> walks = {
          // x + y, then what x was is read again for the second output
          {2, 0, 0, 2, word(MicroOp::add), 2, 0, 1, 0, word(MicroOp::multiply), 3, 0, 2, 0, 2, 3},
          // the same temporary written twice and given out
          {1, 0, 2, word(MicroOp::subtract), 2, 0, 1, 0, word(MicroOp::square), 2, 2, 0, 0, 2},
          // one register given out twice
          {2, 0, 0, 1, word(MicroOp::subtract), 2, 1, 0, 0, 2, 2},
          // both inputs given out, each in the other's place
          {2, 0, 0, 0, 1, 0},
          // an input given out beside a sum that lies on it
          {2, 0, 0, 1, word(MicroOp::add), 2, 0, 1, 0, 2, 0},
      };
      for (size_t walk = 0; walk < walks.size(); walk++) {
        const std::vector<Tensor> outputs(static_cast<size_t>(walks[walk][0]), matrix);
        const auto run = [&](const std::vector<int>& alias) {
          return Trial{KernelNumber::elementwiseRows, outputs, {x, y}, walks[walk], {}, alias, {}}.runEverywhere(name);
        };
        const auto apart = run({});
        for (const std::vector<int>& alias : {std::vector<int>{0, 1}, std::vector<int>{1, 0}}) {
          const auto together = run({alias.begin(), alias.begin() + static_cast<std::ptrdiff_t>(outputs.size())});
          for (size_t i = 0; i < outputs.size(); i++)
            expect(together[i].bytes == apart[i].bytes, name + ": walk " + std::to_string(walk));
        }
      }
    }
  }
}

void ropes() {
  Numbers numbers(6);
  for (const bool interleaved : {false, true}) {
    for (const int64_t half : {1, 8, 16, 17}) {
      const int64_t rows = 5, heads = 3, headSize = 2 * half + 3, most = 40;
      Tensor x = random(numbers, {rows, heads, headSize}), cosine(DType::f32, {most, half}), sine(DType::f32, {most, half});
      for (int64_t i = 0; i < most * half; i++) cosine.set(i, std::cos(i * 0.1)), sine.set(i, std::sin(i * 0.1));
      const Tensor positions = ids(numbers, rows, most);
      const Trial turn{KernelNumber::rope, {Tensor(DType::f32, {rows, heads, headSize})}, {x, positions, cosine, sine}, {interleaved, 0}, {}, {}, {}};
      const Tensor turned = turn.runEverywhere("rope")[0];
      const Tensor back = Trial{KernelNumber::rope, {turned}, {turned, positions, cosine, sine}, {interleaved, 1}, {}, {0}, {}}.runEverywhere("rope back")[0];
      for (int64_t n = 0; n < rows * heads * headSize; n++) expectClose(back.at(n), x.at(n), 1e-6, "rope there and back");
      for (int64_t i = 0; i < rows; i++) {
        for (int64_t head = 0; head < heads; head++) {
          const int64_t start = (i * heads + head) * headSize;
          for (int64_t j = 0; j < half; j++) {
            const int64_t first = start + (interleaved ? 2 * j : j), second = start + (interleaved ? 2 * j + 1 : j + half);
            const double c = cosine.at(positions.intAt(i) * half + j), s = sine.at(positions.intAt(i) * half + j);
            expectClose(turned.at(first), x.at(first) * c - x.at(second) * s, 1e-6, "rope");
            expectClose(turned.at(second), x.at(second) * c + x.at(first) * s, 1e-6, "rope");
          }
          for (int64_t j = 2 * half; j < headSize; j++) expect(turned.at(start + j) == x.at(start + j), "rope passes the rest");
        }
      }
    }
  }
}

void embeddings() {
  Numbers numbers(7);
  const int64_t vocabulary = 37, rows = 400;
  for (const int64_t width : {1, 15, 17, 64}) {
    const Tensor table = random(numbers, {vocabulary, width}), tokens = ids(numbers, rows, vocabulary), dy = random(numbers, {rows, width});
    const Tensor out = Trial{KernelNumber::embedding, {Tensor(DType::f32, {rows, width})}, {table, tokens}, {}, {}, {}, {}}.runEverywhere("embedding")[0];
    const Tensor gradient = Trial{KernelNumber::embeddingGradient, {table}, {tokens, dy, table}, {}, {}, {2}, {}}.runEverywhere("embeddingGradient")[0];
    std::vector<float> wanted(vocabulary * width);
    for (int64_t i = 0; i < vocabulary * width; i++) wanted[i] = table.at(i);
    for (int64_t row = 0; row < rows; row++) {
      for (int64_t j = 0; j < width; j++) {
        expect(out.at(row * width + j) == table.at(tokens.intAt(row) * width + j), "embedding");
        wanted[tokens.intAt(row) * width + j] += dy.at(row * width + j);
      }
    }
    // Rows in ascending order: the plain loop in float gives the very bits.
    for (int64_t i = 0; i < vocabulary * width; i++) expect(gradient.at(i) == wanted[i], "embeddingGradient");
  }
  Tensor beyond = constant({1}, 37, DType::i32);
  bool refused = false;
  try {
    Trial{KernelNumber::embedding, {Tensor(DType::f32, {1, 4})}, {random(numbers, {vocabulary, 4}), beyond}, {}, {}, {}, {}}.run("scalar", 2);
  } catch (const std::out_of_range&) {
    refused = true;
  }
  expect(refused, "an id beyond the table is refused");
}

void optimizer() {
  Numbers numbers(8);
  for (const int64_t count : {0, 1, 15, 16, 17, 33, 20000}) {
    const Tensor p = random(numbers, {count}), g = random(numbers, {count}), m = random(numbers, {count});
    Tensor v = random(numbers, {count});
    for (int64_t i = 0; i < count; i++) v.set(i, std::fabs(v.at(i)));
    const double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, decay = 0.1, rate = 0.01, correction1 = 0.19, correction2 = 0.0975, scale = 0.5;
    const Trial trial{KernelNumber::adamW, {p, m, v},
                      {p, g, m, v, constant({}, rate), constant({}, correction1), constant({}, correction2), constant({}, scale)},
                      {}, {beta1, beta2, epsilon, decay}, {0, 2, 3}, {}};
    const auto out = trial.runEverywhere("adamW");
    for (int64_t i = 0; i < count; i++) {
      const double gradient = g.at(i) * scale;
      const double first = beta1 * m.at(i) + (1 - beta1) * gradient, second = beta2 * v.at(i) + (1 - beta2) * gradient * gradient;
      const double wanted = p.at(i) * (1 - rate * decay) - rate * (first / correction1) / (std::sqrt(second / correction2) + epsilon);
      expectClose(out[0].at(i), wanted, 1e-6, "adamW parameter");
      expectClose(out[1].at(i), first, 1e-6, "adamW first moment");
      expectClose(out[2].at(i), second, 1e-6, "adamW second moment");
    }
  }
}

struct Draw {
  double temperature = 1;
  int topK = 0;
  double topP = 1;
  double minP = 0;
};

std::vector<Tensor> draw(const Tensor& logits, const Draw& settings, int seed, bool everywhere) {
  const int64_t rows = logits.operand.dims[0];
  Tensor seeds(DType::i32, {rows, 2}), counters(DType::i32, {rows});
  for (int64_t row = 0; row < rows; row++) {
    seeds.set(2 * row, seed);
    seeds.set(2 * row + 1, 7);
    counters.set(row, static_cast<double>(row));
  }
  const Trial trial{KernelNumber::sample, {Tensor(DType::i32, {rows}), Tensor(DType::f32, {rows})},
                    {logits, constant({rows}, settings.temperature), constant({rows}, settings.topK, DType::i32),
                     constant({rows}, settings.topP), constant({rows}, settings.minP), seeds, counters},
                    {}, {}, {}, {}};
  return everywhere ? trial.runEverywhere("sample") : trial.run(builtLevels(folder).front(), 2);
}

void sampling() {
  Numbers numbers(9);
  for (const int64_t vocabulary : {1, 15, 16, 17, 33, 3000}) {
    const int64_t rows = 20;
    Tensor logits = random(numbers, {rows, vocabulary}, DType::f32, 3);
    if (vocabulary > 2) logits.set(1, logits.at(0)), logits.set(2, logits.at(0));
    const auto best = draw(logits, {0}, 1, true);
    const auto coldest = draw(logits, {1, 1}, 1, true);
    const Tensor top(DType::i32, {rows, 5}), topValues(DType::f32, {rows, 5});
    const auto ranked = Trial{KernelNumber::topCandidates, {top, topValues}, {logits}, {}, {}, {}, {}}.runEverywhere("topCandidates");
    for (int64_t row = 0; row < rows; row++) {
      const auto at = [&](int64_t id) { return double(logits.at(row * vocabulary + id)); };
      std::vector<int64_t> order(vocabulary);
      for (int64_t i = 0; i < vocabulary; i++) order[i] = i;
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return at(a) > at(b); });
      double powers = 0;
      for (int64_t i = 0; i < vocabulary; i++) powers += std::exp(at(i) - at(order[0]));
      const double whole = at(order[0]) + std::log(powers);
      expect(best[0].intAt(row) == order[0] && coldest[0].intAt(row) == order[0], "temperature 0 and top-k 1 take the best");
      expectClose(best[1].at(row), at(order[0]) - whole, 1e-5, "log-probability of the best");
      for (int64_t rank = 0; rank < 5; rank++) {
        const bool exists = rank < vocabulary;
        expect(ranked[0].intAt(row * 5 + rank) == (exists ? order[rank] : -1), "topCandidates");
        expectClose(ranked[1].at(row * 5 + rank), exists ? at(order[rank]) - whole : -INFINITY, 1e-5, "topCandidates");
      }
    }
    draw(logits, {0.8, 40, 0.9, 0.02}, 2, true);
    draw(logits, {1.3, 0, 1, 0}, 3, true);
  }
  // How often each token comes: 20,000 draws from known probabilities, with and without each cut.
  const std::vector<double> probabilities = {0.4, 0.3, 0.15, 0.1, 0.05};
  const int64_t draws = 20000;
  Tensor logits(DType::f32, {draws, 6});
  for (int64_t row = 0; row < draws; row++) {
    for (int64_t id = 0; id < 5; id++) logits.set(row * 6 + id, std::log(probabilities[id]));
    logits.set(row * 6 + 5, -INFINITY);
  }
  const auto check = [&](const Draw& settings, int kept) {
    const Tensor drawn = draw(logits, settings, 11, false)[0];
    std::vector<double> counts(6, 0);
    for (int64_t row = 0; row < draws; row++) counts[drawn.intAt(row)]++;
    double mass = 0;
    for (int id = 0; id < kept; id++) mass += probabilities[id];
    for (int id = 0; id < 6; id++) {
      const double wanted = id < kept ? probabilities[id] / mass : 0;
      expect(std::fabs(counts[id] / draws - wanted) <= (id < kept ? 0.012 : 0), "how often a token is drawn");
    }
  };
  check({1}, 5);
  check({1, 3}, 3);
  check({1, 0, 0.69}, 2);
  check({1, 0, 0.71}, 3);
  check({1, 0, 1, 0.3}, 3);
  check({1, 4, 0.99, 0.3}, 3);
}

// The generator is Philox4x32-10: its published answer for all-zero key and counter starts with 6627e8d5.
void philox() {
  const double uniform = 0x6627e8d5 / 4294967296.0;
  const int64_t vocabulary = 1000;
  Tensor logits(DType::f32, {1, vocabulary});
  for (int64_t i = 0; i < vocabulary; i++) logits.set(i, 0);
  Tensor seeds = constant({1, 2}, 0, DType::i32);
  const Trial trial{KernelNumber::sample, {Tensor(DType::i32, {1}), Tensor(DType::f32, {1})},
                    {logits, constant({1}, 1), constant({1}, 0, DType::i32), constant({1}, 1), constant({1}, 0), seeds, constant({1}, 0, DType::i32)},
                    {}, {}, {}, {}};
  expect(trial.runEverywhere("philox")[0].intAt(0) == static_cast<int32_t>(uniform * vocabulary), "Philox's first word");
}

}  // namespace

int main(int count, char** arguments) {
  return runTests(count, arguments, "kernels", [] {
    microOps();
    broadcasting();
    moves();
    sums();
    norms();
  rowsInForms();
  rowsInPlace();
    ropes();
    embeddings();
    optimizer();
    sampling();
    philox();
  });
}
