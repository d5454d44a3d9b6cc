// What a check costs in the token table: a million live tokens of as many users are looked up in random
// order, so that hardly any of the three cache lines is in the cache. Also what it costs to make a token and
// to end it, including for a user who has many.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/token/binding.h"
#include "latchkey/token/registry.h"
#include "rig/seeded_random.h"

namespace latchkey::token {
namespace {

constexpr std::uint32_t kTokens = 1'000'000;
constexpr TableTime kNow{200'000'000'000};

template <class T>
T value_or_exit(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "table_bench: %s\n", result.error().text.c_str());
  std::exit(1);
}

KeyFile key_file() {
  KeyFile file;
  std::iota(file.root.bytes().begin(), file.root.bytes().end(), std::uint8_t{0});
  return file;
}

class FullTable {
 public:
  explicit FullTable(std::uint32_t tokens) {
    quiescence_.activate(0);
    table_ = value_or_exit(Table::create(pages_.client(0), quiescence_, 0,
                                         {.max_entries = std::size_t{2} * kTokens,
                                          .timeout = std::chrono::milliseconds(1'800'000),
                                          .index_segments = Index::segments_for(1)},
                                         random_));
    for (std::uint32_t i = 0; i < tokens; ++i) add();
    std::shuffle(tokens_.begin(), tokens_.end(), std::mt19937(7));
  }

  EntryId add() {
    const auto user_id = static_cast<std::int64_t>(tokens_.size() + 1);
    Secret secret;
    random_.fill(secret);
    const Token token(0x1234, secret);
    const EntryId id = table_->add({token, binding_, user_id, "user" + std::to_string(user_id), 1});
    table_->make_live(id, user_id, kNow, Table::Stored::kExactly);
    tokens_.push_back(token);
    if (tokens_.size() % 64 == 0) turn();
    return id;
  }

  /// The same user every time, with another binding each time.
  EntryId add_to_one_user(std::uint32_t number) {
    store::BindingHash binding{};
    std::memcpy(binding.data(), &number, sizeof number);
    if (table_->find_bound(1, binding) != 0) return 0;
    Secret secret;
    random_.fill(secret);
    const EntryId id = table_->add({Token(0x1234, secret), binding, 1, "user1", 1});
    table_->make_live(id, number, kNow, Table::Stored::kExactly);
    turn();
    return id;
  }

  void end(EntryId id) {
    State state = table_->entry(id).state();
    table_->entry(id).change(state, state.dead(Life::kDeleted, kNow));
    table_->leave_user(id);
    table_->remove(id);
    turn();
  }

  void turn() {
    quiescence_.activate(0);
    quiescence_.collect(0);
  }

  Table& table() { return *table_; }
  const runtime::Quiescence& quiescence() const { return quiescence_; }
  const std::vector<Token>& tokens() const { return tokens_; }
  const store::BindingHash& binding() const { return binding_; }

 private:
  bench::SeededRandom random_;
  runtime::PageSource pages_{1, runtime::PageSource::Mode::kThread};
  runtime::Quiescence quiescence_{1};
  std::unique_ptr<Table> table_;
  std::vector<Token> tokens_;
  const store::BindingHash binding_{1, 2, 3};
};

FullTable& million() {
  static FullTable table(kTokens);
  return table;
}

void check(benchmark::State& state, const std::vector<Token>& tokens, TableTime now, Outcome expected) {
  FullTable& full = million();
  full.turn();
  const Registry registry({&full.table()}, full.quiescence(), 0);
  std::size_t at = 0;
  for (auto _ : state) {
    const Admission admission = registry.check(tokens[at], full.binding(), now);
    if (admission.outcome != expected) state.SkipWithError("the check is wrong");
    // The answer carries the user's name, so this touches the third line.
    if (admission.user) {
      char first = admission.user->header_name().data()[0];
      benchmark::DoNotOptimize(first);
    }
    if (++at == tokens.size()) at = 0;
  }
  state.counters["bytes_per_token"] = static_cast<double>(full.table().bytes()) / kTokens;
}

void check_hit(benchmark::State& state) { check(state, million().tokens(), kNow, Outcome::kAdmitted); }
BENCHMARK(check_hit);

// Every check moves the time of last use, by one compare-and-swap.
void check_hit_and_refresh(benchmark::State& state) {
  static TableTime now = kNow;
  now.ms += 60'000;
  check(state, million().tokens(), now, Outcome::kAdmitted);
}
BENCHMARK(check_hit_and_refresh)->Iterations(kTokens);

void check_hot(benchmark::State& state) {
  check(state, std::vector<Token>(1, million().tokens().front()), kNow, Outcome::kAdmitted);
}
BENCHMARK(check_hot);

void check_miss(benchmark::State& state) {
  std::vector<Token> unknown = million().tokens();
  for (Token& token : unknown) {
    Secret secret;
    std::copy(token.secret().begin(), token.secret().end(), secret.begin());
    secret[3] ^= 0x55;
    token = Token(token.tag(), secret);
  }
  check(state, unknown, kNow, Outcome::kUnknown);
}
BENCHMARK(check_miss);

void add_a_million(benchmark::State& state) {
  for (auto _ : state) {
    auto full = std::make_unique<FullTable>(kTokens);
    state.PauseTiming();
    full.reset();
    state.ResumeTiming();
  }
  state.counters["per_token"] = benchmark::Counter(
      kTokens, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(add_a_million)->Unit(benchmark::kMillisecond)->Iterations(2);

void add_and_end(benchmark::State& state) {
  FullTable full(100'000);
  for (auto _ : state) full.end(full.add());
}
BENCHMARK(add_and_end)->Iterations(500'000);

// What a login asks of the table: whether there is a token with this binding, and if not, one more.
void login_of_a_user_with(benchmark::State& state) {
  const auto tokens = static_cast<std::uint32_t>(state.range(0));
  FullTable full(0);
  for (std::uint32_t i = 0; i < tokens; ++i) full.add_to_one_user(i + 1);
  for (auto _ : state) full.end(full.add_to_one_user(tokens + 1));
}
BENCHMARK(login_of_a_user_with)->Arg(10)->Arg(1000)->Arg(100'000)->Iterations(200'000);

void binding_of_an_agent(benchmark::State& state) {
  const Keyring keyring(key_file());
  const Binder bind(keyring, {});
  const std::array<std::uint8_t, 16> address{1, 2, 3};
  const std::string agent(static_cast<std::size_t>(state.range(0)), 'a');
  for (auto _ : state) benchmark::DoNotOptimize(bind(address, agent));
}
BENCHMARK(binding_of_an_agent)->Arg(11)->Arg(114);

}  // namespace
}  // namespace latchkey::token

BENCHMARK_MAIN();
