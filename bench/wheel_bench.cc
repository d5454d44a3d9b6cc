// What the timer wheel costs with a million ids: to file one, to visit one, and the longest time that a
// single call takes from a core when a million become due at once.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <random>
#include <vector>

#include "latchkey/runtime/lazy_wheel.h"

namespace latchkey::runtime {
namespace {

constexpr std::uint32_t kIds = 1'000'000;
constexpr std::int64_t kTickMs = 100;
constexpr std::size_t kBudget = 1024;

// Like an entry of the token table: the link shares a cache line with what a visit reads.
struct alignas(64) Line {
  std::uint32_t next = 0;
  std::int64_t due_ms = 0;
};

struct Links {
  Line* lines;
  std::uint32_t next(std::uint32_t id) const noexcept { return lines[id].next; }
  void set_next(std::uint32_t id, std::uint32_t next) const noexcept { lines[id].next = next; }
};

using Wheel = LazyWheel<Links>;

void file(benchmark::State& state) {
  std::vector<Line> lines(kIds);
  Wheel wheel(Links{lines.data()}, kTickMs, 0);
  std::mt19937_64 random(1);
  std::uint32_t id = 0;
  for (auto _ : state) {
    wheel.file(id, static_cast<std::int64_t>(random() % 1'800'000));
    ++id;
  }
}
BENCHMARK(file)->Iterations(kIds);

// A million tokens in use: each is visited once per period of 180 s and filed again.
void turn(benchmark::State& state) {
  std::vector<Line> lines(kIds);
  Wheel wheel(Links{lines.data()}, kTickMs, 0);
  std::mt19937_64 random(1);
  for (std::uint32_t id = 0; id < kIds; ++id) wheel.file(id, static_cast<std::int64_t>(random() % 180'000));
  std::int64_t now_ms = 0;
  std::size_t visits = 0;
  for (auto _ : state) {
    now_ms += kTickMs;
    visits +=
        wheel.advance(now_ms, kIds, [&](std::uint32_t id) { return lines[id].due_ms = now_ms + 180'000; });
  }
  state.counters["per_visit"] = benchmark::Counter(static_cast<double>(visits),
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(turn)->Iterations(9000);

// The thread's own CPU time: other work of the machine is not the wheel's.
double thread_time_us() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void longest_call_with_a_million_due(benchmark::State& state) {
  std::vector<Line> lines(kIds);
  std::vector<std::uint32_t> order(kIds);
  for (std::uint32_t id = 0; id < kIds; ++id) order[id] = id;
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  double longest_us = 0;
  for (auto _ : state) {
    Wheel wheel(Links{lines.data()}, kTickMs, 0);
    for (const std::uint32_t id : order) wheel.file(id, 1000);
    do {
      const double before_us = thread_time_us();
      wheel.advance(1000, kBudget, [&](std::uint32_t id) { return lines[id].due_ms = Wheel::kDrop; });
      longest_us = std::max(longest_us, thread_time_us() - before_us);
    } while (wheel.behind());
  }
  state.counters["longest_us"] = longest_us;
}
BENCHMARK(longest_call_with_a_million_due)->Unit(benchmark::kMillisecond)->Iterations(5);

void next_wake_of_an_almost_empty_wheel(benchmark::State& state) {
  std::vector<Line> lines(2);
  Wheel wheel(Links{lines.data()}, kTickMs, 0);
  wheel.file(1, 100'000'000);
  for (auto _ : state) benchmark::DoNotOptimize(wheel.next_wake_ms());
}
BENCHMARK(next_wake_of_an_almost_empty_wheel);

}  // namespace
}  // namespace latchkey::runtime

BENCHMARK_MAIN();
