// The pool: every task once, whatever the number of threads; exceptions come out; widths change between runs.
#include <atomic>
#include <chrono>
#include <stdexcept>

#include "check.h"

using namespace glossa;
using namespace glossa::tests;

int main(int count, char** arguments) {
  return runTests(count, arguments, "pool", [] {
    auto& pool = *new Pool;
    for (const int threads : {1, 2, 3, 8, 64, 2, 1, 5}) {
      pool.begin(threads);
      expect(pool.size() == threads, "the team is as wide as asked");
      for (int round = 0; round < 300; round++) {
        const int64_t tasks = round % 40;
        std::vector<std::atomic<int>> done(tasks);
        pool.forEach(tasks, [&](int64_t task, int worker) {
          expect(worker >= 0 && worker < threads, "a worker's number is below the team's size");
          done[task]++;
          // Inside a task a nested loop runs in line.
          int64_t inner = 0;
          pool.forEach(3, [&](int64_t, int innerWorker) { inner += innerWorker == worker ? 1 : 100; });
          if (inner != 3) done[task] += 10;
        });
        bool once = true;
        for (const auto& times : done) once &= times == 1;
        expect(once, "every task is done once");
      }
      for (int round = 0; round < 20; round++) {
        bool caught = false;
        try {
          pool.forEach(50, [&](int64_t task, int) {
            if (task % 10 == 3) throw std::runtime_error("no");
          });
        } catch (const std::runtime_error& error) {
          caught = std::string(error.what()) == "no";
        }
        expect(caught, "an exception reaches the caller");
      }
      std::atomic<int> after{0};
      pool.forEach(10, [&](int64_t, int) { after++; });
      expect(after == 10, "and the pool goes on");
      pool.end();
    }
    // Forks while the others spin cost little; printed, not judged, for other programs may be running.
    pool.begin(2);
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < 20000; round++) pool.forEach(2, [](int64_t, int) {});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    pool.end();
    std::printf("a fork and join of two threads: %.2f us\n", seconds / 20000 * 1e6);
  });
}
