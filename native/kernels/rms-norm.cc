// Kernel `rmsNorm`: norm.h, not centered.
#include "kernels.h"
#include "norm.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

void rmsNorm(const Call& call, Team& team) { Norm<false>(call).run(team); }

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
