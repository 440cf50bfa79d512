// Fork-join in one word: see ticket_ in pool.h.
#include "pool.h"

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "spin.h"

namespace glossa {

namespace {

// How long a thread looks for work before it sleeps.
constexpr auto patience = std::chrono::microseconds(100);

// Which worker this thread is while it runs a body; −1 outside.
thread_local int insideBody = -1;

}  // namespace

template <class Ready> void Pool::Bed::sleepUntil(const Ready& ready) {
  std::unique_lock lock(mutex);
  asleep.store(true);
  wake.wait(lock, ready);
  asleep.store(false);
}

void Pool::Bed::rouse() {
  if (!asleep.load()) return;
  std::lock_guard lock(mutex);
  wake.notify_one();
}

Pool::Pool() : cores_(platform::coreCount()) {}

void Pool::begin(int threads) {
  if (threads < 1 || threads > maxThreads) throw std::invalid_argument("threads must be 1 to 64");
  for (; started_ < threads; started_++) {
    std::thread(&Pool::work, this, started_).detach();
  }
  spins_.store(threads <= cores_);
  active_.store(threads);
  run_.fetch_add(1);
  rouse(threads);
}

void Pool::end() { active_.store(1); }

void Pool::rouse(int64_t workers) {
  const int64_t count = workers < size() ? workers : size();
  for (int64_t worker = 1; worker < count; worker++) beds_[worker].rouse();
}

void Pool::forEach(int64_t tasks, const std::function<void(int64_t, int)>& body) {
  if (tasks <= 0) return;
  if (insideBody >= 0) {
    for (int64_t task = 0; task < tasks; task++) body(task, insideBody);
    return;
  }
  if (tasks == 1 || size() == 1) {
    struct Inside {
      Inside() { insideBody = 0; }
      ~Inside() { insideBody = -1; }
    } inside;
    for (int64_t task = 0; task < tasks; task++) body(task, 0);
    return;
  }
  constexpr int64_t most = 1 << 30;
  for (int64_t first = 0; first < tasks; first += most) {
    runJob(first, static_cast<uint32_t>(tasks - first < most ? tasks - first : most), body);
  }
}

void Pool::runJob(int64_t first, uint32_t tasks, const std::function<void(int64_t, int)>& body) {
  job_ = {&body, first, tasks};
  unfinished_.store(tasks, std::memory_order_relaxed);
  ticket_.store((uint64_t(++jobNumber_) << 32) | tasks);
  rouse(tasks);
  while (takeTask(0)) {
  }
  const auto finished = [this] { return unfinished_.load() == 0; };
  if (!spinUntil(finished, patience, spins_.load(std::memory_order_relaxed))) beds_[0].sleepUntil(finished);
  if (failed_.load(std::memory_order_relaxed)) {
    failed_.store(false, std::memory_order_relaxed);
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

// Takes one task of the current job and runs it; false when none is left for this worker.
bool Pool::takeTask(int worker) {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  do {
    if (static_cast<uint32_t>(ticket) == 0 || worker >= active_.load(std::memory_order_relaxed)) return false;
  } while (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire));
  const int64_t task = job_.first + (job_.tasks - static_cast<uint32_t>(ticket));
  if (!failed_.load(std::memory_order_relaxed)) {
    insideBody = worker;
    try {
      (*job_.body)(task, worker);
    } catch (...) {
      std::lock_guard lock(errorMutex_);
      if (!failed_.exchange(true)) error_ = std::current_exception();
    }
    insideBody = -1;
  }
  if (unfinished_.fetch_sub(1) == 1 && worker != 0) beds_[0].rouse();
  return true;
}

void Pool::work(int worker) {
  platform::nameThread(("glossa-" + std::to_string(worker)).c_str());
  platform::flushDenormals();
  uint32_t seenRun = 0;
  const auto belongs = [&] { return worker < active_.load(); };
  const auto hasWork = [&] { return static_cast<uint32_t>(ticket_.load()) != 0 && belongs(); };
  for (;;) {
    while (takeTask(worker)) {
    }
    seenRun = run_.load();
    // When the run has ended, its processor is wanted by others.
    const auto hasWorkOrIsDismissed = [&] { return hasWork() || !belongs(); };
    const bool spins = spins_.load(std::memory_order_relaxed);
    if (belongs() && spinUntil(hasWorkOrIsDismissed, patience, spins) && hasWork()) continue;
    // Woken by a job, or by a run that begins: then it spins, for the first job is near.
    beds_[worker].sleepUntil([&] { return hasWork() || (belongs() && run_.load() != seenRun); });
  }
}

void* Pool::scratch(int worker) {
  platform::Buffer& buffer = scratch_[worker];
  if (buffer.size() == 0) buffer = platform::Buffer(scratchBytes);
  return buffer.data();
}

}  // namespace glossa
