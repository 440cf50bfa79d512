// A fork-join pool. The calling thread is worker 0; the others spin for a moment after each job, so that the next
// fork costs a fraction of a microsecond, and sleep when none comes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

#include "../kernels/kernel.h"
#include "../platform/platform.h"

namespace glossa {

constexpr int maxThreads = 64;

// One pool is driven by one thread at a time: begin, any number of forEach, end. Its threads live as long as the
// process, so a pool must never be destroyed once it has grown.
class Pool final : public Team {
 public:
  Pool();

  // Makes the team `threads` wide (1 … maxThreads) and wakes it. Throws std::system_error if a thread cannot start.
  void begin(int threads);
  // Sends the team to sleep.
  void end();

  int size() const override { return active_.load(std::memory_order_relaxed); }
  // Rethrows the first exception of a body, after all bodies that had begun are done. Inside a body it runs in line.
  void forEach(int64_t tasks, const std::function<void(int64_t task, int worker)>& body) override;
  void* scratch(int worker) override;

 private:
  struct Job {
    const std::function<void(int64_t, int)>* body = nullptr;
    int64_t first = 0;
    uint32_t tasks = 0;
  };

  void work(int worker);
  bool takeTask(int worker);
  void rouse(int64_t workers);
  void runJob(int64_t first, uint32_t tasks, const std::function<void(int64_t, int)>& body);

  // High half: the job's number; low half: tasks nobody has taken. A successful exchange pins the job until the task
  // taken is done, so `job_` may be read after it.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<uint32_t> unfinished_{0};
  alignas(64) std::atomic<int> active_{1};
  Job job_;
  uint32_t jobNumber_ = 0;
  std::atomic<uint32_t> run_{0};
  std::atomic<bool> spins_{true};
  const int cores_;

  // Where one thread sleeps. The sleeper sets `asleep` and then looks for work once more; the waker offers work and
  // then looks at `asleep`: so one of the two sees the other.
  struct alignas(64) Bed {
    std::atomic<bool> asleep{false};
    std::mutex mutex;
    std::condition_variable wake;
    template <class Ready> void sleepUntil(const Ready& ready);
    void rouse();
  };
  Bed beds_[maxThreads];

  std::atomic<bool> failed_{false};
  std::mutex errorMutex_;
  std::exception_ptr error_;

  int started_ = 1;
  platform::Buffer scratch_[maxThreads];
};

}  // namespace glossa
