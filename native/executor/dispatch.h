// Loads the kernels of one instruction-set level.
#pragma once

#include <string>
#include <vector>

#include "../kernels/kernel.h"

namespace glossa {

struct KernelTable {
  std::string level;
  const Kernel* kernels = nullptr;
  int count = 0;
};

// Loads `folder`/kernels-`level`.so once and keeps it for the life of the process. Throws std::runtime_error when the
// machine cannot run the level or the file does not fit this build.
const KernelTable& openKernels(const std::string& folder, const std::string& level);

// The levels that this machine can run and that were built, best first.
std::vector<std::string> builtLevels(const std::string& folder);

}  // namespace glossa
