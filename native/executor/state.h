// A persistent buffer with a version: parameters, optimizer moments, packs, caches.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "../platform/platform.h"

namespace glossa {

// Bytes of live buffers, for memory().
struct MemoryCount {
  std::atomic<int64_t> states{0};
  std::atomic<int64_t> arena{0};
  std::atomic<int64_t> constants{0};
};
MemoryCount& memoryCount();

// Runs that use a state hold a claim on it from submission to their end. Reading and writing from outside waits until
// no claim is left, so that callers see runs and writes in the order they asked for them.
class State {
 public:
  // Zeroed. Throws std::bad_alloc.
  explicit State(size_t bytes);
  ~State();

  size_t bytes() const { return bytes_; }
  uint8_t* data() const { return buffer_.data(); }

  // Copies into the state and raises the version. Throws std::out_of_range, std::logic_error after dispose.
  void write(size_t offset, const uint8_t* source, size_t count);
  void read(size_t offset, uint8_t* target, size_t count);
  // Waits for runs under way, then frees the bytes. Once is enough; twice does no harm.
  void dispose();
  // Throws std::logic_error after dispose.
  void claim();
  void release();

  uint64_t version() const { return version_.load(); }
  void raiseVersion() { version_.fetch_add(1); }
  // The version of another state that this one's bytes were made from.
  std::atomic<uint64_t> derivedFrom{UINT64_MAX};

 private:
  void waitUntilFree(std::unique_lock<std::mutex>& lock);
  void check(size_t offset, size_t count) const;

  const size_t bytes_;
  platform::Buffer buffer_;
  std::atomic<uint64_t> version_{0};
  std::mutex mutex_;
  std::condition_variable free_;
  int claims_ = 0;
  bool disposed_ = false;
};

}  // namespace glossa
