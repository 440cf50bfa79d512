// Linked into the tests of each level: on a processor without AMX its tile instructions fault, and a handler does what
// they say, so that the very code of level amx runs wherever AVX-512 does. Written from the instruction set's reference:
// what that calls a fault (no configuration, shapes that do not fit, a register twice) ends the program with a sentence.
#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <immintrin.h>
#include <signal.h>
#include <ucontext.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

// Level amx is for processors with AVX-512, whether they have tiles or not.
#define AVX512 __attribute__((target("avx512f,avx512bw,fma")))

namespace {

struct Tile {
  alignas(64) uint8_t rows[16][64];
};

// What ldtilecfg reads.
struct Configuration {
  uint8_t palette, startRow, reserved[14];
  uint16_t bytesPerRow[16];
  uint8_t rows[16];
};
static_assert(sizeof(Configuration) == 64);

thread_local Configuration configuration;
thread_local Tile tiles[8];

[[noreturn]] void fault(const char* why) {
  std::fprintf(stderr, "tile instruction: %s\n", why);
  std::abort();
}

void wantConfigured(int tile) {
  if (configuration.palette != 1) fault("tiles are not configured");
  if (configuration.rows[tile] == 0 || configuration.bytesPerRow[tile] == 0) fault("a tile has no shape");
}

void configure(const Configuration& wanted) {
  if (wanted.palette > 1) fault("ldtilecfg: no such palette");
  for (const uint8_t reserved : wanted.reserved)
    if (reserved != 0) fault("ldtilecfg: reserved bytes are not zero");
  for (int tile = 0; tile < 16; tile++) {
    const bool shaped = wanted.rows[tile] != 0 || wanted.bytesPerRow[tile] != 0;
    if (shaped && (tile >= 8 || wanted.rows[tile] > 16 || wanted.bytesPerRow[tile] > 64))
      fault("ldtilecfg: a tile is too large");
    if ((wanted.rows[tile] == 0) != (wanted.bytesPerRow[tile] == 0)) fault("ldtilecfg: half a shape");
  }
  if (wanted.startRow != 0) fault("ldtilecfg: a start row");
  configuration = wanted;
  std::memset(tiles, 0, sizeof(tiles));
}

void loadTile(int tile, const uint8_t* from, int64_t stride) {
  wantConfigured(tile);
  std::memset(&tiles[tile], 0, sizeof(Tile));
  for (int row = 0; row < configuration.rows[tile]; row++)
    std::memcpy(tiles[tile].rows[row], from + row * stride, configuration.bytesPerRow[tile]);
}

void storeTile(int tile, uint8_t* to, int64_t stride) {
  wantConfigured(tile);
  for (int row = 0; row < configuration.rows[tile]; row++)
    std::memcpy(to + row * stride, tiles[tile].rows[row], configuration.bytesPerRow[tile]);
}

// The registers of a product: sums, then the two operands.
struct Operands {
  int sums, left, right;
};

void wantProduct(const Operands& of) {
  for (const int tile : {of.sums, of.left, of.right}) wantConfigured(tile);
  if (of.sums == of.left || of.sums == of.right || of.left == of.right) fault("a product names a tile twice");
  const uint8_t* const rows = configuration.rows;
  const uint16_t* const bytes = configuration.bytesPerRow;
  if (rows[of.sums] != rows[of.left] || bytes[of.sums] != bytes[of.right] || bytes[of.left] != 4 * rows[of.right] ||
      bytes[of.sums] % 4 != 0)
    fault("shapes of a product do not fit");
}

// tdpbf16ps: a chain of fma from zero over the even elements and one over the odd ones, whose sum is added. What lies
// beyond a tile's shape is zero. Denormals are zero, whatever the program has set.
AVX512 void multiplyBf16(const Operands& of) {
  wantProduct(of);
  _mm_setcsr(0x9fc0);
  const __m512i upperHalves = _mm512_set1_epi32(static_cast<int32_t>(0xffff0000u));
  for (int row = 0; row < configuration.rows[of.sums]; row++) {
    __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
    for (int pair = 0; pair < configuration.bytesPerRow[of.left] / 4; pair++) {
      uint32_t left;
      std::memcpy(&left, tiles[of.left].rows[row] + 4 * pair, 4);
      const __m512i right = _mm512_load_si512(tiles[of.right].rows[pair]);
      const __m512i leftEven = _mm512_set1_epi32(static_cast<int32_t>(left << 16));
      const __m512i leftOdd = _mm512_set1_epi32(static_cast<int32_t>(left & 0xffff0000u));
      const __m512i rightEven = _mm512_slli_epi32(right, 16), rightOdd = _mm512_and_si512(right, upperHalves);
      even = _mm512_fmadd_ps(_mm512_castsi512_ps(leftEven), _mm512_castsi512_ps(rightEven), even);
      odd = _mm512_fmadd_ps(_mm512_castsi512_ps(leftOdd), _mm512_castsi512_ps(rightOdd), odd);
    }
    uint8_t* const sums = tiles[of.sums].rows[row];
    _mm512_store_ps(sums, _mm512_add_ps(_mm512_load_ps(sums), _mm512_add_ps(even, odd)));
  }
}

// tdpbssd, tdpbsud, tdpbusd, tdpbuud: sums of four products of bytes.
AVX512 void multiplyBytes(const Operands& of, bool leftSigned, bool rightSigned) {
  wantProduct(of);
  for (int row = 0; row < configuration.rows[of.sums]; row++) {
    uint8_t* const place = tiles[of.sums].rows[row];
    __m512i sums = _mm512_load_si512(place);
    for (int quad = 0; quad < configuration.bytesPerRow[of.left] / 4; quad++) {
      const __m512i right = _mm512_load_si512(tiles[of.right].rows[quad]);
      for (int byte = 0; byte < 4; byte++) {
        const uint8_t bits = tiles[of.left].rows[row][4 * quad + byte];
        const __m512i upmost = _mm512_slli_epi32(right, 24 - 8 * byte);
        const __m512i value = rightSigned ? _mm512_srai_epi32(upmost, 24) : _mm512_srli_epi32(upmost, 24);
        const __m512i left = _mm512_set1_epi32(leftSigned ? static_cast<int8_t>(bits) : bits);
        sums = _mm512_add_epi32(sums, _mm512_mullo_epi32(left, value));
      }
    }
    _mm512_store_si512(place, sums);
  }
}

// One VEX instruction of map 0F38, width 0, 128 bits: `prefix` is 0 for none, 1 for 66, 2 for F3, 3 for F2.
struct Instruction {
  int prefix, opcode, reg, second;  // `second` is the register of VEX.vvvv
  bool extendsReg, extendsIndex, extendsBase;
  const uint8_t* modrm;
  int mod() const { return *modrm >> 6; }
  int rm() const { return *modrm & 7; }
};

bool decode(const uint8_t* at, Instruction& found) {
  if (at[0] != 0xc4 || (at[1] & 0x1f) != 2 || (at[2] & 0x84) != 0) return false;
  found.extendsReg = !(at[1] & 0x80);
  found.extendsIndex = !(at[1] & 0x40);
  found.extendsBase = !(at[1] & 0x20);
  found.second = ~at[2] >> 3 & 15;
  found.prefix = at[2] & 3;
  found.opcode = at[3];
  found.modrm = at + 4;
  found.reg = at[4] >> 3 & 7;
  return found.opcode == 0x49 || found.opcode == 0x4b || found.opcode == 0x5c || found.opcode == 0x5e;
}

int64_t valueOf(const ucontext_t& context, int number) {
  static constexpr int registers[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                        REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return context.uc_mcontext.gregs[registers[number]];
}

// Where the memory operand lies, its index (the stride of a tile's rows), and the first byte behind the operand.
struct Place {
  int64_t address, stride;
  const uint8_t* end;
};

Place placeOf(const Instruction& of, const ucontext_t& context) {
  Place place{0, 0, of.modrm + 1};
  int base = of.rm();
  bool hasBase = true;
  if (base == 4) {
    const uint8_t sib = *place.end++;
    const int index = (sib >> 3 & 7) + 8 * of.extendsIndex;
    base = sib & 7;
    if (index != 4) place.stride = valueOf(context, index) * (1 << (sib >> 6));
    hasBase = base != 5 || of.mod() != 0;
  } else if (base == 5 && of.mod() == 0) {
    fault("an address relative to the instruction");
  }
  if (hasBase) place.address = valueOf(context, base + 8 * of.extendsBase);
  if (of.mod() == 1) {
    place.address += static_cast<int8_t>(*place.end++);
  } else if (of.mod() == 2 || !hasBase) {
    int32_t displacement;
    std::memcpy(&displacement, place.end, 4);
    place.address += displacement;
    place.end += 4;
  }
  return place;
}

void moveTile(const Instruction& of, const Place& place) {
  uint8_t* const memory = reinterpret_cast<uint8_t*>(place.address);
  if (of.opcode == 0x4b && of.rm() == 4 && (of.prefix == 3 || of.prefix == 1)) loadTile(of.reg, memory, place.stride);
  else if (of.opcode == 0x4b && of.rm() == 4 && of.prefix == 2) storeTile(of.reg, memory, place.stride);
  else if (of.opcode == 0x49 && of.reg == 0 && of.prefix == 0)
    configure(*reinterpret_cast<const Configuration*>(memory + place.stride));
  else fault("not known");
}

void compute(const Instruction& of) {
  if (of.extendsReg || of.extendsBase || of.second > 7) fault("no such tile");
  const Operands operands{of.reg, of.rm(), of.second};
  if (of.opcode == 0x49 && of.prefix == 0 && *of.modrm == 0xc0) {
    configuration = {};
  } else if (of.opcode == 0x49 && of.prefix == 3 && of.rm() == 0) {
    wantConfigured(of.reg);
    std::memset(&tiles[of.reg], 0, sizeof(Tile));
  } else if (of.opcode == 0x5c && of.prefix == 2) {
    multiplyBf16(operands);
  } else if (of.opcode == 0x5e) {
    multiplyBytes(operands, of.prefix == 3 || of.prefix == 2, of.prefix == 3 || of.prefix == 1);
  } else {
    fault("not known");
  }
}

// Does the instruction at the context's place and goes behind it; false if it is none of tiles.
bool step(ucontext_t& context) {
  auto& next = context.uc_mcontext.gregs[REG_RIP];
  Instruction instruction;
  if (!decode(reinterpret_cast<const uint8_t*>(next), instruction)) return false;
  if (instruction.mod() == 3) {
    compute(instruction);
    next = reinterpret_cast<int64_t>(instruction.modrm + 1);
  } else {
    const Place place = placeOf(instruction, context);
    moveTile(instruction, place);
    next = reinterpret_cast<int64_t>(place.end);
  }
  return true;
}

void onIllegalInstruction(int signal, siginfo_t*, void* context) {
  ucontext_t& interrupted = *static_cast<ucontext_t*>(context);
  if (!step(interrupted)) {
    std::signal(signal, SIG_DFL);  // a fault that is not ours happens again, and ends the program
    return;
  }
  while (step(interrupted)) {}
}

bool hasTiles() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 24 & 1);
}

const bool trapped = [] {
  if (hasTiles()) return false;
  struct sigaction action {};
  action.sa_sigaction = onIllegalInstruction;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGILL, &action, nullptr);
  return true;
}();

}  // namespace

#endif
