// The tile registers of AMX: eight tiles of at most 16 rows of 64 bytes, the product of bf16, tdpbf16ps, and those of
// bytes, tdpbssd and tdpbsud. Only the amx level includes this file. Where a processor has no tiles, tests catch these
// instructions and do what they say (tests/start/trapped-tiles.cc).
#pragma once

#include "vector.h"

namespace glossa {
namespace LEVEL_NAMESPACE {

// Rows, and bytes of a row, of each tile.
struct TileShapes {
  uint8_t rows[8];
  uint8_t bytes[8];
};
constexpr TileShapes wholeTiles{{16, 16, 16, 16, 16, 16, 16, 16}, {64, 64, 64, 64, 64, 64, 64, 64}};

// Gives this thread eight tiles of some shapes, and releases them at the end of the scope (a thread with live tiles is
// dearer to switch). The process must have asked the system for tiles before; platform/ does.
class TileSession {
 public:
  explicit TileSession(const TileShapes& shapes = wholeTiles) {
    struct alignas(64) Configuration {
      uint8_t palette = 1, startRow = 0, reserved[14] = {};
      uint16_t bytesPerRow[16] = {};
      uint8_t rows[16] = {};
    };
    static_assert(sizeof(Configuration) == 64);
    Configuration configuration;
    for (int tile = 0; tile < 8; tile++) {
      configuration.bytesPerRow[tile] = shapes.bytes[tile];
      configuration.rows[tile] = shapes.rows[tile];
    }
    // Not _tile_loadconfig: GCC 12 declares only 8 bytes as its input and drops the stores to the others.
    asm volatile("ldtilecfg %0" ::"m"(configuration) : "memory");
  }
  ~TileSession() { asm volatile("tilerelease" ::: "memory"); }
  TileSession(const TileSession&) = delete;
  TileSession& operator=(const TileSession&) = delete;
};
// Assembly and not the intrinsics: those are macros that paste the tile's number and cannot take a template argument.
template <int tile> inline void tileZero() { asm volatile("tilezero %%tmm%c0" ::"i"(tile)); }
template <int tile> inline void tileLoad(const void* from, int64_t strideBytes) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(strideBytes), "i"(tile) : "memory");
}
template <int tile> inline void tileStore(void* to, int64_t strideBytes) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(strideBytes), "i"(tile) : "memory");
}
template <int c, int a, int b> inline void tileDot() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
}
template <int c, int a, int b, bool unsignedRight> inline void tileDotBytes() {
  if constexpr (unsignedRight) asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
  else asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
}

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
