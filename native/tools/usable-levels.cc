// Prints the instruction-set levels that this machine can run, best first: the build asks what is worth building.
#include <cstdio>

#include "../platform/platform.h"

int main() {
  for (const std::string& level : glossa::platform::usableLevels()) std::puts(level.c_str());
}
