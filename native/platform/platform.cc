// The answers of Linux, macOS and Windows to platform.h. Linux is what it is tested on; for Windows it is compiled by
// `npm run test:portable`; for macOS it is written by the same rules and untested.
#include "platform.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <malloc.h>
#else
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>
#include <stdexcept>
#include <utility>

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>

#include <fstream>
#endif
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#include <xmmintrin.h>
#endif

namespace glossa::platform {

// ---- The processor

namespace {

#if defined(__x86_64__)

#if defined(__linux__)
// Tile registers are 8 KB a thread that the kernel saves only for processes that asked.
bool tilePermission() {
  constexpr long requestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long tileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}
#else
bool tilePermission() { return false; }
#endif

struct Answer {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

// cpuid by number, and not __builtin_cpu_supports: what names that knows differs from compiler to compiler.
Answer ask(unsigned leaf, unsigned part) {
  Answer answer;
  __get_cpuid_count(leaf, part, &answer.a, &answer.b, &answer.c, &answer.d);
  return answer;
}

bool hasBits(unsigned word, std::initializer_list<int> bits) {
  for (const int bit : bits) {
    if ((word >> bit & 1) == 0) return false;
  }
  return true;
}

// Which registers the system saves when it switches threads.
unsigned savedRegisters() {
  if (!hasBits(ask(1, 0).c, {27})) return 0;  // OSXSAVE
  unsigned low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

#endif

}  // namespace

std::vector<std::string> usableLevels() {
  std::vector<std::string> levels;
#if defined(__x86_64__)
  const unsigned saved = savedRegisters();
  const Answer basic = ask(1, 0), extended = ask(7, 0), more = ask(7, 1);
  // AVX, FMA, F16C; AVX2; the halves of the 256-bit registers.
  const bool avx2 = hasBits(basic.c, {28, 12, 29}) && hasBits(extended.b, {5}) && hasBits(saved, {1, 2});
  // AVX-512 F, DQ, BW, VL; VNNI; masks and the rest of the registers.
  const bool avx512 =
      avx2 && hasBits(extended.b, {16, 17, 30, 31}) && hasBits(extended.c, {11}) && hasBits(saved, {5, 6, 7});
  // AMX-BF16, AMX-TILE, AMX-INT8; tile configuration and tiles.
  const bool tiles = avx512 && hasBits(extended.d, {22, 24, 25}) && hasBits(saved, {17, 18});
  const bool avx512bf16 = avx512 && extended.a >= 1 && hasBits(more.a, {5});
  if (avx512bf16 && tiles && tilePermission()) levels.push_back("amx");
  if (avx512bf16) levels.push_back("avx512bf16");
  if (avx512) levels.push_back("avx512");
  if (avx2) levels.push_back("avx2");
#elif defined(__aarch64__)
  levels.push_back("neon");
#endif
  levels.push_back("scalar");
  return levels;
}

void flushDenormals() {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040u);  // flush to zero, denormals are zero
#elif defined(__aarch64__)
  uint64_t control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" ::"r"(control | (1u << 24)));
#endif
}

std::string processorName() {
#if defined(__APPLE__)
  char name[256];
  size_t size = sizeof name;
  if (sysctlbyname("machdep.cpu.brand_string", name, &size, nullptr, 0) == 0) return name;
#elif defined(__linux__)
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
#elif defined(__x86_64__)
  char name[49] = {};
  for (unsigned part = 0; part < 3; part++) {
    const Answer answer = ask(0x80000002u + part, 0);
    std::memcpy(name + 16 * part, &answer, sizeof answer);
  }
  if (name[0] != '\0') return name;
#endif
#if defined(__x86_64__)
  return "x86-64";
#elif defined(__aarch64__)
  return "arm64";
#else
  return "unknown";
#endif
}

// ---- Memory

namespace {

constexpr size_t hugePage = 2u << 20;

#if defined(_WIN32)
void* allocate(size_t bytes, size_t boundary) { return _aligned_malloc(bytes, boundary); }
void release(void* memory) { _aligned_free(memory); }
#else
void* allocate(size_t bytes, size_t boundary) {
  void* memory = nullptr;
  if (posix_memalign(&memory, boundary, bytes) != 0) return nullptr;
#if defined(__linux__)
  if (boundary == hugePage) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}
void release(void* memory) { std::free(memory); }
#endif

}  // namespace

Buffer::Buffer(size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  data_ = static_cast<uint8_t*>(allocate(bytes, bytes >= 2 * hugePage ? hugePage : alignment));
  if (data_ == nullptr) throw std::bad_alloc();
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Buffer::~Buffer() { release(data_); }

// ---- Threads and files

#if defined(_WIN32)

namespace {

std::wstring toWide(const std::string& text) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), wide.data(), length);
  return wide;
}

std::string fromWide(const wchar_t* text, int count) {
  const int length = WideCharToMultiByte(CP_UTF8, 0, text, count, nullptr, 0, nullptr, nullptr);
  std::string narrow(static_cast<size_t>(length), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text, count, narrow.data(), length, nullptr, nullptr);
  return narrow;
}

// The library that this code lies in, by an address of it.
HMODULE ownLibrary(DWORD flags) {
  HMODULE library = nullptr;
  GetModuleHandleExW(flags | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, reinterpret_cast<LPCWSTR>(&ownLibrary), &library);
  return library;
}

// A function of a system library that older Windows lack.
template <class Function> Function findFunction(const wchar_t* library, const char* name) {
  return reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(library), name)));
}

}  // namespace

int coreCount() {
  DWORD_PTR mine = 0, all = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &mine, &all) && mine != 0) {
    return __builtin_popcountll(static_cast<unsigned long long>(mine));
  }
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  return static_cast<int>(system.dwNumberOfProcessors);
}

void* loadFunction(const std::string& path, const std::string& function) {
  const HMODULE library = LoadLibraryW(toWide(path).c_str());
  if (library == nullptr) throw std::runtime_error("cannot load " + path + ": error " + std::to_string(GetLastError()));
  void* address = reinterpret_cast<void*>(GetProcAddress(library, function.c_str()));
  if (address == nullptr) throw std::runtime_error(path + " has no function " + function);
  return address;
}

bool fileExists(const std::string& path) {
  return GetFileAttributesW(toWide(path).c_str()) != INVALID_FILE_ATTRIBUTES;
}

std::string ownFolder() {
  std::wstring path(32768, L'\0');
  const DWORD length =
      GetModuleFileNameW(ownLibrary(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT), path.data(), 32768);
  const size_t slash = path.find_last_of(L"\\/", length);
  return length == 0 || slash == std::wstring::npos ? "." : fromWide(path.data(), static_cast<int>(slash));
}

void keepLoaded() { ownLibrary(GET_MODULE_HANDLE_EX_FLAG_PIN); }

void nameThread(const char* name) {
  using SetDescription = HRESULT(WINAPI*)(HANDLE, PCWSTR);
  static const auto setDescription = findFunction<SetDescription>(L"kernel32.dll", "SetThreadDescription");
  if (setDescription != nullptr) setDescription(GetCurrentThread(), toWide(name).c_str());
}

#else

int coreCount() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  const long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : static_cast<int>(count);
}

void* loadFunction(const std::string& path, const std::string& function) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  void* address = dlsym(library, function.c_str());
  if (address == nullptr) throw std::runtime_error(path + " has no function " + function);
  return address;
}

bool fileExists(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

std::string ownFolder() {
  Dl_info found;
  if (dladdr(reinterpret_cast<void*>(&ownFolder), &found) == 0 || found.dli_fname == nullptr) return ".";
  const std::string path = found.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

void keepLoaded() {
  Dl_info found;
  if (dladdr(reinterpret_cast<void*>(&keepLoaded), &found) == 0 || found.dli_fname == nullptr) return;
  dlopen(found.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

void nameThread(const char* name) {
#if defined(__APPLE__)
  pthread_setname_np(name);
#else
  pthread_setname_np(pthread_self(), name);
#endif
}

#endif

}  // namespace glossa::platform
