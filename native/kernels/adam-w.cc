// adamW: one step of AdamW (decoupled weight decay, as PyTorch's) on one tensor, in float32, in this order:
//
//   g = gradient · gradientScale
//   m = fma(beta1, m, (1 − beta1) · g)
//   v = fma(beta2, v, (1 − beta2) · (g · g))
//   p = fma(−(learningRate · weightDecay), p, p)
//   p = p − ((learningRate / biasCorrection1) · m) / fma(sqrt(v), 1 / sqrt(biasCorrection2), epsilon)
//
//   parameter, moment1, moment2 | parameter, gradient, moment1, moment2, learningRate[], biasCorrection1[],
//   biasCorrection2[], gradientScale[]      floats: beta1, beta2, epsilon, weightDecay
//
// 1 − beta is taken in double and rounded once. Outputs may lie on their inputs. Work is split by elements.
//
// Settings and pointers that stay in registers, and one division instead of three: 200,000 elements in 70 → 49 µs,
// 12 million in 5.7 → 4.1 ms (two cores; 82 GB/s).
#include <cmath>

#include "layout.h"

namespace glossa::GLOSSA_LEVEL {
namespace {

// What all elements share.
struct Settings {
  F32x16 step, rootScale, gradientScale, beta1, beta2, share1, share2, epsilon, decay;
};

}  // namespace

void adamW(const Call& call, Team& team) {
  const Operand* outputs = call.outputs;
  const Operand* inputs = call.inputs;
  require(call.outputCount == 3 && call.inputCount == 8 && call.floatCount == 4, "adamW: operands do not fit");
  const int64_t count = outputs[0].elements();
  const auto fits = [&](const Operand& operand) {
    return operand.elements() == count && operand.dtype == DType::f32 && isContiguous(operand);
  };
  require(std::all_of(outputs, outputs + 3, fits) && std::all_of(inputs, inputs + 4, fits),
          "adamW: shapes or types differ");
  const auto setting = [](double value) { return broadcast(static_cast<float>(value)); };
  const float rate = scalarAt(inputs[4], 0);
  const Settings settings{broadcast(rate / scalarAt(inputs[5], 0)),
                          broadcast(1.0f / std::sqrt(scalarAt(inputs[6], 0))),
                          broadcast(scalarAt(inputs[7], 0)),
                          setting(call.floats[0]),
                          setting(call.floats[1]),
                          setting(1.0 - call.floats[0]),
                          setting(1.0 - call.floats[1]),
                          setting(call.floats[2]),
                          broadcast(-(rate * static_cast<float>(call.floats[3])))};

  const int64_t vectors = (count + vectorLanes - 1) / vectorLanes;
  forRanges(team, vectors, vectorLanes * 2, [&](int64_t begin, int64_t end, int) {
    const Settings with = settings;  // its own, so that it may stay in registers
    const float *const parameter = inputs[0].as<float>(), *const gradient = inputs[1].as<float>();
    const float *const moment1 = inputs[2].as<float>(), *const moment2 = inputs[3].as<float>();
    float *const newParameter = outputs[0].as<float>(), *const newMoment1 = outputs[1].as<float>();
    float* const newMoment2 = outputs[2].as<float>();
    for (int64_t at = begin * vectorLanes; at < end * vectorLanes; at += vectorLanes) {
      const int lanes = lanesFrom(at, count);
      const F32x16 g = load(gradient + at, lanes) * with.gradientScale;
      const F32x16 m = fma(with.beta1, load(moment1 + at, lanes), with.share1 * g);
      const F32x16 v = fma(with.beta2, load(moment2 + at, lanes), with.share2 * (g * g));
      F32x16 p = load(parameter + at, lanes);
      p = fma(with.decay, p, p);
      p = p - (with.step * m) / fma(squareRoot(v), with.rootScale, with.epsilon);
      store(newParameter + at, p, lanes);
      store(newMoment1 + at, m, lanes);
      store(newMoment2 + at, v, lanes);
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
