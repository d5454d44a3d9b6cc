// The token table at a size, as one core of the server keeps it: what a token takes of resident memory, now
// and at its worst while the table grew, how fast it fills, what a look costs, the core's longest pause, and
// how fast it empties when everything dies. One JSON object on standard output.
//
//   bench_scale_table TOKENS TOKENS_A_USER
#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/log.h"
#include "latchkey/base/random.h"
#include "latchkey/token/registry.h"
#include "latchkey/token/shard.h"
#include "rig/accepting_store.h"
#include "rig/population.h"

namespace latchkey::bench {
namespace {

constexpr std::int64_t kTimeoutMs = 1'800'000;
constexpr std::int64_t kLifetimesSpreadMs = 60'000;  // in which all of them die
constexpr std::uint64_t kFewTokens = 10'000;         // what looks among many are compared with
constexpr std::uint64_t kTokensOfASecond = 1'000'000;
constexpr std::uint64_t kAddsAPass = 16;
constexpr std::size_t kLooksABatch = 16'384;
constexpr std::size_t kBatches = 31;
constexpr std::uint64_t kSampleEvery = 65'536;
constexpr std::uint64_t kMemoryCountsFrom = 1'000'000;
constexpr std::int64_t kClockStepMs = 10;

template <class T>
T value_or_exit(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "bench_scale_table: {}\n", result.error().text);
  std::exit(1);
}

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
double wall_seconds() { return seconds_of(CLOCK_MONOTONIC); }
// Of this thread: what else the machine does is no pause of the table's.
double thread_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// The times between two laps, by the thread's clock and by the wall's.
class Pauses {
 public:
  void begin() {
    thread_ = thread_seconds();
    wall_ = wall_seconds();
  }
  void lap() {
    const double thread = thread_seconds();
    const double wall = wall_seconds();
    longest_thread_ = std::max(longest_thread_, thread - thread_);
    longest_wall_ = std::max(longest_wall_, wall - wall_);
    total_ += thread - thread_;
    ++laps_;
    if (thread - thread_ > kLongSeconds) ++long_laps_;
    if (wall - wall_ > kLongSeconds) ++long_wall_laps_;
    thread_ = thread;
    wall_ = wall;
  }
  double total_seconds() const { return total_; }

  std::string json() const {
    return fmt::format(
        "{{\"longest_us\":{:.0f},\"longest_wall_us\":{:.0f},\"passes\":{},\"passes_over_1ms\":{},"
        "\"passes_over_1ms_wall\":{}}}",
        longest_thread_ * 1e6, longest_wall_ * 1e6, laps_, long_laps_, long_wall_laps_);
  }

 private:
  static constexpr double kLongSeconds = 1e-3;

  double thread_ = 0;
  double wall_ = 0;
  double longest_thread_ = 0;
  double longest_wall_ = 0;
  double total_ = 0;
  std::uint64_t laps_ = 0;
  std::uint64_t long_laps_ = 0;
  std::uint64_t long_wall_laps_ = 0;
};

/// What the machine itself interrupts a thread for, as long as the longest of these took: laps of work that
/// touches no memory. A virtual machine's clock of a thread runs on while the host runs something else.
Pauses pauses_of_the_machine(double seconds) {
  constexpr int kStepsALap = 20'000;
  Pauses pauses;
  std::uint64_t value = 1;
  for (pauses.begin(); pauses.total_seconds() < seconds; pauses.lap()) {
    for (int i = 0; i < kStepsALap; ++i) value = value * 6364136223846793005U + 1442695040888963407U;
  }
  if (value == 0) fmt::print(stderr, "\n");  // so that the work is done
  return pauses;
}

class Table {
 public:
  Table(std::uint64_t tokens, std::uint64_t tokens_a_user) : population_(keyring_, tokens_a_user) {
    quiescence_.activate(0);
    shard_ = value_or_exit(token::Shard::create({.core = 0,
                                                 .shards = 1,
                                                 .clock = table_clock_,
                                                 .random = random_,
                                                 .keyring = keyring_,
                                                 .store = store_,
                                                 .quiescence = quiescence_,
                                                 .pages = pages_.client(0),
                                                 .log = log_},
                                                {.timeout_ms = kTimeoutMs, .max_tokens = tokens + 1}));
    registry_ =
        std::make_unique<token::Registry>(std::vector<const token::Table*>{&shard_->table()}, quiescence_, 0);
  }

  /// Adds sessions up to `end`, last used within `spread_ms` before now.
  void fill(std::uint64_t end, std::int64_t spread_ms, Pauses& pauses) {
    const std::int64_t wall_ms = clock_.wall().ms;
    pauses.begin();
    while (added_ < end) {
      quiescence_.activate(0);
      for (std::uint64_t i = 0; i < kAddsAPass && added_ < end; ++i, ++added_) {
        // Neighbours do not die together.
        const auto age_ms = static_cast<std::int64_t>(added_ * 7919 % static_cast<std::uint64_t>(spread_ms));
        value_or_exit(
            shard_->load(population_.session(added_, WallTime{wall_ms - age_ms}), table_clock_.now(), true));
      }
      shard_->advance(table_clock_.now(), token::Shard::kVisitsAPass);
      quiescence_.collect(0);
      pauses.lap();
      if (added_ % kSampleEvery == 0) sample();
    }
  }

  /// Median over batches of the nanoseconds that a look takes, of tokens all over the table.
  double look_ns() {
    std::vector<double> batches;
    std::vector<std::pair<token::Token, store::BindingHash>> batch(kLooksABatch);
    std::mt19937_64 choice(1);
    for (std::size_t i = 0; i < kBatches; ++i) {
      for (auto& [token, binding] : batch) {
        const std::uint64_t number = choice() % added_;
        token = population_.token(number);
        binding = population_.binding_of(number);
      }
      quiescence_.activate(0);
      std::size_t admitted = 0;
      std::size_t letters = 0;
      const double began = thread_seconds();
      for (const auto& [token, binding] : batch) {
        const token::Admission admission = registry_->check(token, binding, table_clock_.now());
        if (!admission.user) continue;
        ++admitted;
        letters += static_cast<unsigned char>(admission.user->header_name()[0]);
      }
      batches.push_back((thread_seconds() - began) * 1e9 / static_cast<double>(kLooksABatch));
      if (admitted != kLooksABatch || letters == 0) {
        fmt::print(stderr, "bench_scale_table: a token was refused\n");
        std::exit(1);
      }
    }
    std::nth_element(batches.begin(), batches.begin() + kBatches / 2, batches.end());
    return batches[kBatches / 2];
  }

  /// Lets the clock run until nothing lives.
  void die(Pauses& pauses) {
    clock_.advance_ms(kTimeoutMs);
    while (shard_->counts().live > 0) {
      clock_.advance_ms(kClockStepMs);
      pauses.begin();
      do {
        quiescence_.activate(0);
        shard_->advance(table_clock_.now(), token::Shard::kVisitsAPass);
        quiescence_.collect(0);
        pauses.lap();
      } while (shard_->behind());
    }
  }

  void forget_memory() { memory_before_ = resident_bytes(); }
  double bytes_a_token() const {
    return static_cast<double>(resident_bytes() - memory_before_) / static_cast<double>(added_);
  }
  double most_bytes_a_token() const { return most_bytes_a_token_; }
  /// How often the core had to map memory itself, because the helper was late.
  std::uint64_t mapped_by_core() { return pages_.client(0).done_here(); }

 private:
  void sample() {
    if (added_ >= kMemoryCountsFrom) most_bytes_a_token_ = std::max(most_bytes_a_token_, bytes_a_token());
  }

  ManualClock clock_;
  token::TableClock table_clock_{clock_};
  SystemRandom random_;
  NoLog log_;
  AcceptingStore store_;
  token::KeyFile key_file_ = known_key_file();
  token::Keyring keyring_{key_file_};
  const Population population_;
  runtime::PageSource pages_{1, runtime::PageSource::Mode::kThread};
  runtime::Quiescence quiescence_{1};
  std::unique_ptr<token::Shard> shard_;
  std::unique_ptr<token::Registry> registry_;
  std::uint64_t added_ = 0;
  std::size_t memory_before_ = 0;
  double most_bytes_a_token_ = 0;
};

int run(std::uint64_t tokens, std::uint64_t tokens_a_user) {
  if (sodium_init() < 0) return 1;
  double look_few_ns = 0;
  {
    Table table(kFewTokens, 1);
    Pauses pauses;
    table.fill(kFewTokens, kLifetimesSpreadMs, pauses);
    look_few_ns = table.look_ns();
  }
  Table table(tokens, tokens_a_user);
  table.forget_memory();
  Pauses growing;
  const std::uint64_t mapped_before = table.mapped_by_core();
  table.fill(tokens, kLifetimesSpreadMs, growing);
  const std::uint64_t mapped_by_core = table.mapped_by_core() - mapped_before;
  const double bytes_a_token = table.bytes_a_token();
  const double look_ns = table.look_ns();
  Pauses dying;
  table.die(dying);

  Table second(kTokensOfASecond, tokens_a_user);
  Pauses filling;
  Pauses dying_in_a_second;
  second.fill(kTokensOfASecond, 1000, filling);
  second.die(dying_in_a_second);
  const Pauses machine = pauses_of_the_machine(growing.total_seconds());

  const auto count = static_cast<double>(tokens);
  fmt::print(
      "{{\"tokens\":{},\"tokens_a_user\":{},\"bytes_a_token\":{:.1f},\"most_bytes_a_token\":{:.1f},"
      "\"adds_per_second\":{:.0f},\"look_ns\":{:.1f},\"look_few_ns\":{:.1f},\"deaths_per_second\":{:.0f},"
      "\"growing\":{},\"mapped_by_core\":{},\"dying_in_a_minute\":{},\"a_million_dying_in_a_second\":{},"
      "\"machine\":{}}}\n",
      tokens, tokens_a_user, bytes_a_token, std::max(table.most_bytes_a_token(), bytes_a_token),
      count / growing.total_seconds(), look_ns, look_few_ns, count / dying.total_seconds(), growing.json(),
      mapped_by_core, dying.json(), dying_in_a_second.json(), machine.json());
  return 0;
}

bool parse(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argument_count, char** arguments) {
  std::uint64_t tokens = 0;
  std::uint64_t tokens_a_user = 0;
  if (argument_count != 3 || !latchkey::bench::parse(arguments[1], tokens) ||
      !latchkey::bench::parse(arguments[2], tokens_a_user)) {
    fmt::print(stderr, "usage: bench_scale_table TOKENS TOKENS_A_USER\n");
    return 2;
  }
  return latchkey::bench::run(tokens, tokens_a_user);
}
