// adamW: one step of AdamW (decoupled weight decay, as PyTorch's) on one tensor, in float32, in this order:
//
//   g = gradient · gradientScale
//   m = fma(beta1, m, (1 − beta1) · g)
//   v = fma(beta2, v, (1 − beta2) · (g · g))
//   p = fma(−(learningRate · weightDecay), p, p)
//   p = p − learningRate · (m / biasCorrection1) / (sqrt(v / biasCorrection2) + epsilon)
//
//   parameter, moment1, moment2 | parameter, gradient, moment1, moment2, learningRate[], biasCorrection1[],
//   biasCorrection2[], gradientScale[]      floats: beta1, beta2, epsilon, weightDecay
//
// 1 − beta is taken in double and rounded once. Outputs may lie on their inputs. Work is split by elements.
#include "layout.h"

namespace glossa::GLOSSA_LEVEL {

void adamW(const Call& call, Team& team) {
  const Operand* outputs = call.outputs;
  const Operand* inputs = call.inputs;
  require(call.outputCount == 3 && call.inputCount == 8 && call.floatCount == 4, "adamW: operands do not fit");
  const int64_t count = outputs[0].elements();
  for (int i = 0; i < 3; i++) require(outputs[i].elements() == count && isContiguous(outputs[i]), "adamW: shapes differ");
  for (int i = 0; i < 4; i++) require(inputs[i].elements() == count && isContiguous(inputs[i]), "adamW: shapes differ");
  const float rate = scalarAt(inputs[4], 0);
  const F32x16 learningRate = broadcast(rate);
  const F32x16 correction1 = broadcast(scalarAt(inputs[5], 0));
  const F32x16 correction2 = broadcast(scalarAt(inputs[6], 0));
  const F32x16 gradientScale = broadcast(scalarAt(inputs[7], 0));
  const F32x16 beta1 = broadcast(static_cast<float>(call.floats[0]));
  const F32x16 beta2 = broadcast(static_cast<float>(call.floats[1]));
  const F32x16 share1 = broadcast(static_cast<float>(1.0 - call.floats[0]));
  const F32x16 share2 = broadcast(static_cast<float>(1.0 - call.floats[1]));
  const F32x16 epsilon = broadcast(static_cast<float>(call.floats[2]));
  const F32x16 decay = broadcast(-(rate * static_cast<float>(call.floats[3])));

  const int64_t vectors = (count + vectorLanes - 1) / vectorLanes;
  forRanges(team, vectors, vectorLanes * 2, [&](int64_t begin, int64_t end, int) {
    for (int64_t vector = begin; vector < end; vector++) {
      const int64_t index = vector * vectorLanes;
      const int lanes = lanesFrom(index, count);
      F32x16 p = loadLanes(inputs[0], index, lanes);
      const F32x16 g = loadLanes(inputs[1], index, lanes) * gradientScale;
      const F32x16 m = fma(beta1, loadLanes(inputs[2], index, lanes), share1 * g);
      const F32x16 v = fma(beta2, loadLanes(inputs[3], index, lanes), share2 * (g * g));
      p = fma(decay, p, p);
      p = p - (learningRate * (m / correction1)) / (squareRoot(v / correction2) + epsilon);
      storeLanes(outputs[0], index, p, lanes);
      storeLanes(outputs[1], index, m, lanes);
      storeLanes(outputs[2], index, v, lanes);
    }
  });
}

}  // namespace glossa::GLOSSA_LEVEL
