#include "dispatch.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>

#include "../generated/ops.h"
#include "../platform/platform.h"

namespace glossa {

namespace {

std::string libraryPath(const std::string& folder, const std::string& level) {
  return folder + "/kernels-" + level + ".so";
}

}  // namespace

const KernelTable& openKernels(const std::string& folder, const std::string& level) {
  static auto* mutex = new std::mutex;
  static auto* tables = new std::map<std::string, KernelTable>;
  std::lock_guard lock(*mutex);
  const std::string path = libraryPath(folder, level);
  const auto found = tables->find(path);
  if (found != tables->end()) return found->second;
  const std::vector<std::string> usable = platform::usableLevels();
  if (std::find(usable.begin(), usable.end(), level) == usable.end()) {
    throw std::runtime_error("this processor cannot run level \"" + level + "\"");
  }
  KernelTable table;
  table.level = level;
  using Provider = const Kernel* (*)(int*);
  table.kernels = reinterpret_cast<Provider>(platform::loadFunction(path, "glossaKernels"))(&table.count);
  if (table.count != kernelCount) throw std::runtime_error(path + " is of another build");
  return tables->emplace(path, table).first->second;
}

std::vector<std::string> builtLevels(const std::string& folder) {
  std::vector<std::string> levels;
  for (const std::string& level : platform::usableLevels()) {
    if (platform::fileExists(libraryPath(folder, level))) levels.push_back(level);
  }
  return levels;
}

}  // namespace glossa
