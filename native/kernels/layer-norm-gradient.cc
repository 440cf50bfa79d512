// Kernel `layerNormGradient`: norm-gradient.h, centered.
#include "kernels.h"
#include "norm-gradient.h"

namespace glossa::GLOSSA_LEVEL {

void layerNormGradient(const Call& call, Team& team) { NormGradient<true>(call).run(team); }

}  // namespace glossa::GLOSSA_LEVEL
