// The tile registers of AMX: eight tiles of at most 16 rows of 64 bytes, the product of bf16, tdpbf16ps, and those of
// bytes, tdpbssd and tdpbsud. With GLOSSA_EMULATED_TILES the same calls run on plain memory, so that all code written for
// tiles is compiled and tested on any processor. Only the amx level includes this file.
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

#if defined(GLOSSA_EMULATED_TILES)

namespace emulated {
struct Tile {
  alignas(64) uint8_t rows[16][64];
};
inline thread_local Tile tiles[8];
inline thread_local TileShapes shapes;
}  // namespace emulated

class TileSession {
 public:
  explicit TileSession(const TileShapes& shapes = wholeTiles) {
    std::memset(emulated::tiles, 0, sizeof(emulated::tiles));
    emulated::shapes = shapes;
  }
};
template <int tile> inline void tileZero() { std::memset(&emulated::tiles[tile], 0, sizeof(emulated::Tile)); }
template <int tile> inline void tileLoad(const void* from, int64_t strideBytes) {
  tileZero<tile>();
  for (int row = 0; row < emulated::shapes.rows[tile]; row++)
    std::memcpy(emulated::tiles[tile].rows[row], static_cast<const uint8_t*>(from) + row * strideBytes,
                emulated::shapes.bytes[tile]);
}
template <int tile> inline void tileStore(void* to, int64_t strideBytes) {
  for (int row = 0; row < emulated::shapes.rows[tile]; row++)
    std::memcpy(static_cast<uint8_t*>(to) + row * strideBytes, emulated::tiles[tile].rows[row],
                emulated::shapes.bytes[tile]);
}
// What the instruction computes: per sum, a chain of fma from zero over the even elements, one over the odd ones, then
// c += even + odd.
template <int c, int a, int b> inline void tileDot() {
  for (int row = 0; row < 16; row++) {
    uint16_t left[32];
    std::memcpy(left, emulated::tiles[a].rows[row], 64);
    F32x16 even = zero(), odd = zero();
    for (int pair = 0; pair < 16; pair++) {
      int32_t right[16];
      std::memcpy(right, emulated::tiles[b].rows[pair], 64);
      const I32x16 bits = loadInt(right);
      const F32x16 lower = asFloat(shiftLeft<16>(bits));
      const F32x16 upper = asFloat(bits & broadcastInt(static_cast<int32_t>(0xffff0000u)));
      even = fma(broadcast(bf16ToFloat(left[2 * pair])), lower, even);
      odd = fma(broadcast(bf16ToFloat(left[2 * pair + 1])), upper, odd);
    }
    float sums[16];
    std::memcpy(sums, emulated::tiles[c].rows[row], 64);
    store(sums, load(sums) + (even + odd));
    std::memcpy(emulated::tiles[c].rows[row], sums, 64);
  }
}
// Sums of four products of bytes, signed on the left; what lies beyond a tile's shape is zero and adds nothing.
template <int c, int a, int b, bool unsignedRight> inline void tileDotBytes() {
  for (int row = 0; row < 16; row++) {
    int32_t sums[16];
    std::memcpy(sums, emulated::tiles[c].rows[row], 64);
    for (int k = 0; k < 64; k++) {
      const int left = static_cast<int8_t>(emulated::tiles[a].rows[row][k]);
      for (int column = 0; column < 16; column++) {
        const uint8_t right = emulated::tiles[b].rows[k / 4][4 * column + k % 4];
        sums[column] += left * (unsignedRight ? right : static_cast<int8_t>(right));
      }
    }
    std::memcpy(emulated::tiles[c].rows[row], sums, 64);
  }
}

#else

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

#endif

}  // namespace LEVEL_NAMESPACE
}  // namespace glossa
