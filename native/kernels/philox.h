// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four random words for a key of two
// words and a counter of four. Whole numbers only, so each level gives the same words however the compiler does it.
#pragma once

#include <cstdint>

#include "kernels.h"

namespace glossa::GLOSSA_LEVEL {

// `lanes` counters at once: word[i][lane] is word i of the counter, and becomes word i of the result.
template <int lanes> inline void philox(uint32_t key0, uint32_t key1, uint32_t (&word)[4][lanes]) {
  for (int round = 0; round < 10; round++) {
    for (int lane = 0; lane < lanes; lane++) {
      const uint64_t a = uint64_t(0xD2511F53u) * word[0][lane];
      const uint64_t b = uint64_t(0xCD9E8D57u) * word[2][lane];
      const uint32_t word1 = word[1][lane], word3 = word[3][lane];
      word[0][lane] = static_cast<uint32_t>(b >> 32) ^ word1 ^ key0;
      word[1][lane] = static_cast<uint32_t>(b);
      word[2][lane] = static_cast<uint32_t>(a >> 32) ^ word3 ^ key1;
      word[3][lane] = static_cast<uint32_t>(a);
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

}  // namespace glossa::GLOSSA_LEVEL
