#include "executor.h"

#include <chrono>
#include <cstring>
#include <future>
#include <stdexcept>
#include <thread>

#include "../threads/spin.h"
#include "margins.h"

namespace glossa {

namespace {

using Clock = std::chrono::steady_clock;

double nanosecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

// True when no bits of `exponent` are all ones in any of `count` words.
template <class Word> bool allFinite(const Word* words, int64_t count, Word exponent) {
  Word found = 0;
  for (int64_t i = 0; i < count; i++) found |= static_cast<Word>((words[i] & exponent) == exponent);
  return found == 0;
}

bool isFinite(const Operand& operand) {
  if (!operand.present() || operand.elements() == 0) return true;
  const int64_t rows = operand.rank == 0 ? 1 : operand.dims[0];
  const int64_t width = operand.elements() / rows;
  for (int64_t row = 0; row < rows; row++) {
    const int64_t start = row * operand.rowStride;
    if (operand.dtype == DType::f32 && !allFinite<uint32_t>(operand.as<uint32_t>() + start, width, 0x7F800000u)) {
      return false;
    }
    if (operand.dtype == DType::bf16 && !allFinite<uint16_t>(operand.as<uint16_t>() + start, width, 0x7F80u)) {
      return false;
    }
  }
  return true;
}

// The bases and sizes of a run's segments.
class Segments {
 public:
  Segments(const Program& program, const platform::Buffer& arena, const Run& run, const platform::Buffer& outputs)
      : program_(program), buffers_{&arena, &program.constants, &run.inputs, &outputs} {}

  uint8_t* base(int32_t segment) const {
    if (segment < 0) return nullptr;
    return segment < segments::firstState ? buffers_[segment]->data() : state(segment).data();
  }
  uint64_t bytes(int32_t segment) const {
    if (segment < 0) return 0;
    return segment < segments::firstState ? buffers_[segment]->size() : state(segment).bytes();
  }

 private:
  State& state(int32_t segment) const { return *program_.states[segment - segments::firstState]; }
  const Program& program_;
  const platform::Buffer* buffers_[segments::firstState];
};

// The pool's working hours.
class Shift {
 public:
  Shift(Pool& pool, int threads) : pool_(pool) { pool.begin(threads); }
  ~Shift() { pool_.end(); }

 private:
  Pool& pool_;
};

}  // namespace

Executor& Executor::get() {
  // Never destroyed: its threads run until the process ends.
  static auto* executor = new Executor;
  return *executor;
}

void Executor::add(const Program& program) {
  std::lock_guard lock(mutex_);
  arenaSizes_.insert(program.arenaBytes);
}

void Executor::remove(const Program& program) {
  {
    std::lock_guard lock(mutex_);
    arenaSizes_.erase(arenaSizes_.find(program.arenaBytes));
    if (!started_) return;
  }
  post([this] { fitArena(); });
}

void Executor::fitArena() {
  uint64_t largest = 0;
  {
    std::lock_guard lock(mutex_);
    if (!arenaSizes_.empty()) largest = *arenaSizes_.rbegin();
  }
  if (arena_.size() <= largest) return;
  arena_ = platform::Buffer();
  memoryCount().arena = 0;
}

void Executor::post(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  if (!started_) {
    std::thread(&Executor::tapeThread, this).detach();
    started_ = true;
  }
  queue_.push_back(std::move(work));
  queued_.store(queue_.size());
  posted_.notify_one();
}

void Executor::tapeThread() {
  platform::nameThread("glossa-0");
  platform::flushDenormals();
  const auto hasWork = [this] { return queued_.load() > 0; };
  const bool spins = platform::coreCount() > 1;
  for (;;) {
    // After a training step or a token comes the next one, as soon as JavaScript has read the results.
    spinUntil(hasWork, std::chrono::microseconds(500), spins);
    std::unique_lock lock(mutex_);
    posted_.wait(lock, [this] { return !queue_.empty(); });
    const std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    queued_.store(queue_.size());
    lock.unlock();
    work();
  }
}

void Executor::submit(std::shared_ptr<Run> run) {
  const auto& states = run->program->states;
  size_t claimed = 0;
  const auto release = [&states](size_t count) {
    for (size_t i = 0; i < count; i++) states[i]->release();
  };
  try {
    for (; claimed < states.size(); claimed++) states[claimed]->claim();
    post([this, run, release] {
      RunResult result;
      try {
        result = execute(*run);
      } catch (const std::exception& error) {
        result = RunResult();
        result.status = RunStatus::failed;
        result.message = error.what();
      }
      release(run->program->states.size());
      run->finished(std::move(result));
    });
  } catch (...) {
    release(claimed);
    throw;
  }
}

RunResult Executor::execute(Run& run) {
  Program& program = *run.program;
  RunResult result;
  if (run.cancelled.load()) {
    result.status = RunStatus::cancelled;
    return result;
  }
  const KernelTable* table = kernels_.load();
  if (table == nullptr) throw std::logic_error("no level is open");

  // Everything that can fail for want of memory or a wrong place fails here, before the first instruction.
  if (arena_.size() < program.arenaBytes) {
    arena_ = platform::Buffer();
    memoryCount().arena = 0;
    arena_ = platform::Buffer(program.arenaBytes);
    memoryCount().arena = static_cast<int64_t>(arena_.size());
  }
  result.outputs = platform::Buffer(program.outputBytes);
  const Segments memory(program, arena_, run, result.outputs);
  operands_.clear();
  for (const Place& place : program.places) {
    operands_.push_back(place.resolve(run.rows, memory.base(place.segment), memory.bytes(place.segment)));
  }
  Place predicate;
  predicate.segment = program.predicateSegment;
  predicate.offset = program.predicateOffset;
  const Operand predicateValue =
      predicate.resolve(run.rows, memory.base(predicate.segment), memory.bytes(predicate.segment));
  if (run.wantsTimes) result.times.resize(program.instructions.size());

  Margins margins;
  const Shift shift(pool_, run.threads);
  for (size_t index = 0; index < program.instructions.size(); index++) {
    const bool committed = index >= program.commitInstruction;
    if (!committed && run.cancelled.load(std::memory_order_relaxed)) {
      result.status = RunStatus::cancelled;
      return result;
    }
    const Instruction& instruction = program.instructions[index];
    const Operand* operands = operands_.data() + instruction.firstPlace;
    State* derived = nullptr;
    uint64_t sourceVersion = 0;
    if (instruction.guard == Guard::stalePack) {
      derived = program.states[instruction.guardB].get();
      sourceVersion = program.states[instruction.guardA]->version();
      if (derived->derivedFrom.load() == sourceVersion) continue;
    }
    if (instruction.guard == Guard::predicate && *operands[instruction.guardA].as<float>() == 0.0f) continue;

    const Call call{operands,
                    instruction.outputCount,
                    operands + instruction.outputCount,
                    instruction.inputCount,
                    program.ints.data() + instruction.firstInt,
                    instruction.intCount,
                    program.floats.data() + instruction.firstFloat,
                    instruction.floatCount};
    if (run.checksMargins) margins.watch(operands, program.places.data() + instruction.firstPlace, instruction.outputCount);
    const auto start = run.wantsTimes ? Clock::now() : Clock::time_point();
    try {
      table->kernels[instruction.kernel](call, pool_);
      if (run.checksMargins && margins.broken() >= 0) {
        throw std::logic_error("the kernel wrote outside its output " + std::to_string(margins.broken()));
      }
    } catch (const std::exception& error) {
      result.status = RunStatus::failed;
      result.instruction = static_cast<int64_t>(index);
      result.message = error.what();
      if (committed) {
        // States may be half written: whoever holds something derived from them must see that they changed.
        result.message += " (after the first update: the states it updates are no longer whole)";
        for (const int32_t state : program.updatedStates) program.states[state]->raiseVersion();
      }
      return result;
    }
    if (run.wantsTimes) result.times[index] = nanosecondsSince(start);
    if (derived != nullptr) derived->derivedFrom.store(sourceVersion);
    if (run.checksFinite && result.status == RunStatus::done) {
      for (int output = 0; output < instruction.outputCount; output++) {
        if (isFinite(operands[output])) continue;
        result.status = RunStatus::notFinite;
        result.instruction = static_cast<int64_t>(index);
        if (!committed) return result;
        break;
      }
    }
  }
  result.applied = !predicateValue.present() || *predicateValue.as<float>() != 0.0f;
  if (result.applied) {
    for (const int32_t state : program.updatedStates) program.states[state]->raiseVersion();
  }
  return result;
}

double Executor::measureReadBandwidth(int threads, size_t bytes) {
  auto promise = std::make_shared<std::promise<double>>();
  post([this, threads, bytes, promise] {
    try {
      constexpr size_t chunk = 1u << 20;
      const int64_t chunks = static_cast<int64_t>((bytes + chunk - 1) / chunk);
      const platform::Buffer buffer(chunks * chunk);
      const Shift shift(pool_, threads);
      pool_.forEach(chunks, [&](int64_t task, int) { std::memset(buffer.data() + task * chunk, 1, chunk); });
      std::atomic<uint64_t> total{0};
      double best = 0;
      for (int pass = 0; pass < 5; pass++) {
        const auto start = Clock::now();
        pool_.forEach(chunks, [&](int64_t task, int) {
          const auto* words = reinterpret_cast<const uint64_t*>(buffer.data() + task * chunk);
          uint64_t sums[8] = {};
          for (size_t i = 0; i < chunk / 8; i += 8) {
            for (size_t lane = 0; lane < 8; lane++) sums[lane] += words[i + lane];
          }
          for (const uint64_t sum : sums) total.fetch_add(sum, std::memory_order_relaxed);
        });
        const double rate = chunks * chunk / nanosecondsSince(start) * 1e9;
        if (rate > best) best = rate;
      }
      promise->set_value(total.load() == 0 ? 0 : best);
    } catch (...) {
      promise->set_exception(std::current_exception());
    }
  });
  return promise->get_future().get();
}

}  // namespace glossa
