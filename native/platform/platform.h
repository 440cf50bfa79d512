// Everything that asks the operating system or the processor: memory, shared objects, instruction sets, float modes,
// thread names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace glossa::platform {

// Every buffer starts on a cache line.
constexpr size_t alignment = 64;

// Bytes on a 64-byte boundary, freed when dropped. Large ones ask for huge pages. Throws std::bad_alloc.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// The instruction-set levels this machine can run, best first; "scalar" is always the last.
std::vector<std::string> usableLevels();

// Processors this process may use.
int coreCount();

// The processor's name as its maker writes it, or the architecture's where it does not say.
std::string processorName();

// Loads a shared object for the life of the process and finds one function in it. Throws std::runtime_error.
void* loadFunction(const std::string& path, const std::string& function);

// True when a file is there to be read.
bool fileExists(const std::string& path);

// The folder of the file this code was loaded from.
std::string ownFolder();

// Keeps this code mapped when the environment that loaded it goes away: engine threads outlive it.
void keepLoaded();

// Flushes denormal results and inputs to zero on the calling thread from now on (the arithmetic contract wants it).
void flushDenormals();

// Names the calling thread for debuggers and `top`; at most 15 characters are kept.
void nameThread(const char* name);

// Tells the processor that this is a waiting loop.
inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

}  // namespace glossa::platform
