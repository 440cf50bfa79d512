// Linked into the tests of each level: asking which levels are usable also asks the system for the tile registers, which
// must happen before the first tile instruction. The addon asks when it is loaded.
#include "../../platform/platform.h"

static const auto levels = glossa::platform::usableLevels();
