// Runs programs, one after another, on one thread of their own that leads the pool. One executor a process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "../threads/pool.h"
#include "dispatch.h"
#include "tape.h"

namespace glossa {

enum class RunStatus { done, cancelled, notFinite, failed };

struct RunResult {
  RunStatus status = RunStatus::done;
  platform::Buffer outputs;
  // Whether states were updated: the predicate's answer for a run that came to its end.
  bool applied = false;
  std::vector<double> times;  // nanoseconds of each instruction; empty unless asked for
  int64_t instruction = -1;   // the one that failed or made the first number that is not finite
  std::string message;
};

struct Run {
  std::shared_ptr<Program> program;
  platform::Buffer inputs;
  int64_t rows = 0;
  int threads = 1;
  bool wantsTimes = false;
  bool checksFinite = false;
  bool checksMargins = false;
  std::atomic<bool> cancelled{false};
  // Called on the tape thread.
  std::function<void(RunResult&&)> finished;
};

class Executor {
 public:
  static Executor& get();

  // The kernels later runs use.
  void use(const KernelTable& kernels) { kernels_.store(&kernels); }
  const KernelTable* kernels() const { return kernels_.load(); }

  // Programs announce their lives so that the arena is as large as the largest of them and no larger.
  void add(const Program& program);
  void remove(const Program& program);

  // Claims the program's states and queues the run. Throws std::logic_error when one is disposed.
  void submit(std::shared_ptr<Run> run);

  // Bytes read a second by `threads` threads together from a fresh buffer; waits for runs queued before.
  double measureReadBandwidth(int threads, size_t bytes);

 private:
  Executor() = default;
  void post(std::function<void()> work);
  void tapeThread();
  RunResult execute(Run& run);
  void fitArena();

  Pool pool_;
  platform::Buffer arena_;  // touched by the tape thread only
  std::vector<Operand> operands_;
  std::atomic<const KernelTable*> kernels_{nullptr};

  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> queue_;
  std::atomic<size_t> queued_{0};  // its length, for who looks without the mutex
  bool started_ = false;
  std::multiset<uint64_t> arenaSizes_;
};

}  // namespace glossa
