// Kernel `layerNorm`: norm.h, centered.
#include "kernels.h"
#include "norm.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

void layerNorm(const Call& call, Team& team) { Norm<true>(call).run(team); }

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
