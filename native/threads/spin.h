// Waiting without sleep, for what is near: to wake a sleeping thread takes tens of microseconds.
#pragma once

#include <chrono>
#include <thread>

#include "../platform/platform.h"

namespace glossa {

// Looks again and again until `ready`, at most for `patience`; true when ready. With more threads than processors
// (`maySpin` false) looking only steals time from those who have work: then it makes way a few times.
template <class Ready> bool spinUntil(const Ready& ready, std::chrono::microseconds patience, bool maySpin = true) {
  if (!maySpin) {
    for (int attempt = 0; attempt < 4; attempt++) {
      if (ready()) return true;
      std::this_thread::yield();
    }
    return ready();
  }
  using Clock = std::chrono::steady_clock;
  const auto limit = Clock::now() + patience;
  do {
    for (int attempt = 0; attempt < 128; attempt++) {
      if (ready()) return true;
      platform::relax();
    }
  } while (Clock::now() < limit);
  return ready();
}

}  // namespace glossa
