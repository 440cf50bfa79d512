#include "state.h"

#include <cstring>
#include <stdexcept>
#include <string>

namespace glossa {

MemoryCount& memoryCount() {
  static auto* count = new MemoryCount;
  return *count;
}

State::State(size_t bytes) : bytes_(bytes), buffer_(bytes) {
  if (bytes > 0) std::memset(buffer_.data(), 0, bytes);
  memoryCount().states += static_cast<int64_t>(bytes);
}

State::~State() {
  if (!disposed_) memoryCount().states -= static_cast<int64_t>(bytes_);
}

void State::waitUntilFree(std::unique_lock<std::mutex>& lock) {
  free_.wait(lock, [this] { return claims_ == 0; });
}

void State::check(size_t offset, size_t count) const {
  if (disposed_) throw std::logic_error("the state is disposed");
  if (offset > bytes_ || count > bytes_ - offset) {
    throw std::out_of_range("bytes " + std::to_string(offset) + " to " + std::to_string(offset + count) +
                            " are outside a state of " + std::to_string(bytes_) + " bytes");
  }
}

void State::write(size_t offset, const uint8_t* source, size_t count) {
  std::unique_lock lock(mutex_);
  waitUntilFree(lock);
  check(offset, count);
  if (count > 0) std::memcpy(buffer_.data() + offset, source, count);
  raiseVersion();
}

void State::read(size_t offset, uint8_t* target, size_t count) {
  std::unique_lock lock(mutex_);
  waitUntilFree(lock);
  check(offset, count);
  if (count > 0) std::memcpy(target, buffer_.data() + offset, count);
}

void State::dispose() {
  std::unique_lock lock(mutex_);
  waitUntilFree(lock);
  if (disposed_) return;
  disposed_ = true;
  buffer_ = platform::Buffer();
  memoryCount().states -= static_cast<int64_t>(bytes_);
}

void State::claim() {
  std::lock_guard lock(mutex_);
  if (disposed_) throw std::logic_error("the state is disposed");
  claims_++;
}

void State::release() {
  std::lock_guard lock(mutex_);
  if (--claims_ == 0) free_.notify_all();
}

}  // namespace glossa
