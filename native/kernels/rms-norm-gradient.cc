// Kernel `rmsNormGradient`: norm-gradient.h, not centered.
#include "kernels.h"
#include "norm-gradient.h"

namespace glossa::GLOSSA_LEVEL {

void rmsNormGradient(const Call& call, Team& team) { NormGradient<false>(call).run(team); }

}  // namespace glossa::GLOSSA_LEVEL
