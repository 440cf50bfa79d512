// The bytes just before and after what an instruction writes, watched while it runs (GLOSSA_CHECK=memory).
#pragma once

#include <cstring>
#include <vector>

#include "../kernels/kernel.h"
#include "../platform/platform.h"
#include "tape.h"

namespace glossa {

class Margins {
 public:
  // Remembers the bytes before each output of an instruction, and marks those between its end and the next aligned
  // place, which belong to nobody. Only for places that the plan aligned: in the arena and among the outputs.
  void watch(const Operand* outputs, const Place* places, int count) {
    watched_.clear();
    for (int i = 0; i < count; i++) {
      const bool planned = places[i].segment == segments::arena || places[i].segment == segments::outputs;
      if (!planned || !outputs[i].present() || places[i].rowStride != 0) continue;
      Watched watched{i, outputs[i].as<uint8_t>(), outputs[i].as<uint8_t>() + bytesOf(outputs[i])};
      if (places[i].offset >= sizeof watched.before && !touches(outputs, count, watched.start - sizeof watched.before)) {
        watched.hasBefore = true;
        std::memcpy(watched.before, watched.start - sizeof watched.before, sizeof watched.before);
      }
      std::memset(watched.end, mark, watched.marginBytes());
      watched_.push_back(watched);
    }
  }

  // The first output around which a byte has changed; −1 when none has.
  int broken() const {
    for (const Watched& watched : watched_) {
      if (watched.hasBefore &&
          std::memcmp(watched.before, watched.start - sizeof watched.before, sizeof watched.before) != 0) {
        return watched.output;
      }
      for (size_t i = 0; i < watched.marginBytes(); i++) {
        if (watched.end[i] != mark) return watched.output;
      }
    }
    return -1;
  }

 private:
  static constexpr uint8_t mark = 0xA5;

  struct Watched {
    int output;
    uint8_t* start;
    uint8_t* end;
    bool hasBefore = false;
    uint8_t before[platform::alignment] = {};

    size_t marginBytes() const { return -reinterpret_cast<uintptr_t>(end) % platform::alignment; }
  };

  // Whether the aligned stretch that begins at `place` belongs to one of the outputs.
  static bool touches(const Operand* outputs, int count, const uint8_t* place) {
    for (int i = 0; i < count; i++) {
      const auto* start = outputs[i].as<const uint8_t>();
      if (outputs[i].present() && place < start + bytesOf(outputs[i]) && start < place + platform::alignment) return true;
    }
    return false;
  }

  std::vector<Watched> watched_;
};

}  // namespace glossa
