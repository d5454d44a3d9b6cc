// Fills the table of one core with live tokens, measures while it fills and when it is full, and then lets
// all tokens die. One process per size, so that resident memory is that of this size alone. Writes one JSON
// object to standard output; bench/scale runs it and explains the figures.
#include <fmt/format.h>
#include <sodium.h>

#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/token/table.h"
#include "rig/count.h"
#include "rig/meter.h"
#include "rig/rig.h"

namespace latchkey::bench {
namespace {

constexpr std::size_t kSmallTokens = 10'000;  // the latency at the full size is compared with this one's
constexpr std::size_t kMillion = 1'000'000;
constexpr std::size_t kMaxSample = 1 << 20;  // tokens to ask for, chosen from all
constexpr std::size_t kLoginsPerPass = 64;   // a core's pass takes in some tens of messages
constexpr std::size_t kBatch = 256;          // requests between two readings of the clock
constexpr std::size_t kArrivals = 16;        // how many of them one pass of the loop would find together
constexpr std::size_t kBatches = 2000;       // of each kind and each table
constexpr std::size_t kMemoryLooks = 500;    // while the table grows
constexpr std::size_t kFills = 3;            // rounds; a step that is slow by itself is slow in each
constexpr std::int64_t kTimeoutMs = 1'800'000;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kBurstAgeMs = 300'000;  // how much earlier than the others the burst dies

struct Options {
  std::size_t tokens = kMillion;
  std::size_t tokens_per_user = 1;
};

void say(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  std::fflush(stderr);
}

// Tokens to ask for, chosen evenly from all tokens of a table. Its memory is touched before anything is
// measured.
class Sample {
 public:
  struct Choice {
    token::Token token;
    std::uint32_t agent;
  };

  explicit Sample(std::size_t tokens) : tokens_(tokens), choices_(std::min(tokens, kMaxSample)) {}

  void offer(const token::Token& token, std::size_t agent) {
    if (size_ == choices_.size() || choose_() % tokens_ >= choices_.size()) return;
    choices_[size_++] = {token, static_cast<std::uint32_t>(agent)};
  }
  void shuffle() {
    choices_.resize(size_);
    std::shuffle(choices_.begin(), choices_.end(), choose_);
  }
  const Choice& next() noexcept {
    if (++at_ >= choices_.size()) at_ = 0;
    return choices_[at_];
  }

 private:
  const std::size_t tokens_;
  std::vector<Choice> choices_;
  std::size_t size_ = 0;
  std::size_t at_ = 0;
  std::mt19937_64 choose_{7};
};

// A table and the users of its tokens. A user's tokens are made far apart, like real logins.
class Population {
 public:
  Population(std::size_t tokens, std::size_t tokens_per_user)
      : tokens_(tokens),
        users_(std::max<std::size_t>(tokens / tokens_per_user, 1)),
        rig_({.max_tokens = tokens + kMillion + 1,
              .timeout_ms = kTimeoutMs,
              .pages = runtime::PageSource::Mode::kThread}),
        sample_(tokens) {
    for (std::size_t agent = 0; agent < tokens_per_user; ++agent) {
      agents_.push_back(fmt::format("curl/7.88.{:03}", agent));
      bindings_.push_back(rig_.binding(agents_.back()));
    }
  }

  Rig& rig() noexcept { return rig_; }
  Sample& sample() noexcept { return sample_; }
  std::size_t tokens() const noexcept { return tokens_; }
  const store::BindingHash& binding(std::size_t agent) const { return bindings_[agent]; }
  const std::string& agent(std::size_t agent) const { return agents_[agent]; }

  std::size_t agent_of(std::size_t number) const noexcept {
    return (number / users_ + number % users_) % agents_.size();
  }
  static std::string name_of(std::size_t user) { return fmt::format("user{:07}", user); }

  void log_in(std::size_t number) {
    const std::size_t user = number % users_;
    const std::size_t agent = agent_of(number);
    token::LoginRequest request;
    request.user_id = static_cast<std::int64_t>(user + 1);
    request.user_name = name_of(user);
    request.binding = bindings_[agent];
    sample_.offer(rig_.log_in(std::move(request)), agent);
  }

  // Loads sessions of further users, last used within one second, some minutes ago.
  void load_burst(std::size_t count) {
    const std::int64_t now_ms = rig_.clock().wall().ms;
    store::Session session;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t user = users_ + i / agents_.size();
      session.user_id = static_cast<std::int64_t>(user + 1);
      session.user_name = name_of(user);
      session.binding = bindings_[i % agents_.size()];
      session.last_used.ms =
          now_ms - kBurstAgeMs + static_cast<std::int64_t>(i) * kSecondMs / static_cast<std::int64_t>(count);
      session.created = session.last_used;
      rig_.load(session);
    }
  }

 private:
  const std::size_t tokens_;
  const std::size_t users_;
  Rig rig_;
  std::vector<std::string> agents_;
  std::vector<store::BindingHash> bindings_;
  Sample sample_;
};

std::string pause_json(const StepMeter& meter) {
  return fmt::format(R"({{"cpu_us":{:.1f},"wall_us":{:.1f},"steps":{},"over_1ms_cpu":{}}})",
                     static_cast<double>(meter.longest_ns()) / 1e3,
                     static_cast<double>(meter.longest_wall_ns()) / 1e3, meter.steps(), meter.long_steps());
}

std::string quartiles_json(const Quartiles& quartiles) {
  return fmt::format("[{:.1f},{:.1f},{:.1f}]", quartiles.lower, quartiles.median, quartiles.upper);
}

// --- The table grows by logins within one minute.

/// CPU time of each login and of each pass, in the round where it was least.
struct Steps {
  explicit Steps(std::size_t tokens)
      : logins(tokens), passes((tokens + kLoginsPerPass - 1) / kLoginsPerPass) {}
  void begin_round() noexcept {
    logins.begin_round();
    passes.begin_round();
  }

  LeastOfRounds logins;
  LeastOfRounds passes;
};

struct Growth {
  StepMeter logins;
  StepMeter passes;
  std::size_t peak_bytes_per_token = 0;
  std::size_t peak_at = 0;
  double seconds = 0;
  std::int64_t faults = 0;
};

Growth fill(Population& population, Steps& steps, std::size_t baseline_bytes) {
  Growth growth;
  steps.begin_round();
  Rig& rig = population.rig();
  const std::size_t tokens = population.tokens();
  const std::size_t look_every = std::max<std::size_t>(tokens / kMemoryLooks, 1);
  const std::int64_t faults = thread_faults();
  const std::int64_t began_ns = steady_ns();
  std::int64_t clock_ms = 0;
  std::size_t next_look = std::max(kMillion, look_every);
  for (std::size_t made = 0; made < tokens;) {
    growth.logins.begin();
    for (const std::size_t end = std::min(made + kLoginsPerPass, tokens); made < end; ++made) {
      population.log_in(made);
      steps.logins.add(growth.logins.end());
    }
    growth.passes.begin();
    rig.pass();
    steps.passes.add(growth.passes.end());
    const auto due_ms = static_cast<std::int64_t>(made * std::uint64_t{kMinuteMs} / tokens);
    rig.clock().advance_ms(due_ms - std::exchange(clock_ms, due_ms));
    if (made < next_look) continue;
    next_look = made + look_every;
    const std::size_t bytes = (resident_bytes() - baseline_bytes) / made;
    if (bytes > growth.peak_bytes_per_token) {
      growth.peak_bytes_per_token = bytes;
      growth.peak_at = made;
    }
  }
  growth.seconds = static_cast<double>(steady_ns() - began_ns) / 1e9;
  growth.faults = thread_faults() - faults;
  population.sample().shuffle();
  return growth;
}

std::string round_json(const Growth& growth) {
  return fmt::format(R"({{"login":{},"pass":{}}})", pause_json(growth.logins), pause_json(growth.passes));
}

/// Reads the clocks as often, and for as long, as while a table grows, with nothing in between. This measures
/// how much time the machine takes from a thread that does no work.
void idle_loop(double seconds, StepMeter& meter) {
  const std::int64_t end_ns = steady_ns() + static_cast<std::int64_t>(seconds * 1e9);
  meter.begin();
  while (steady_ns() < end_ns) meter.end();
}

// --- Latencies, of the full table and of a small one in turn.

/// Looks up one token after another. Each lookup waits for what the previous one read.
double look_up_ns(Population& population) {
  std::vector<Sample::Choice> batch;
  for (std::size_t i = 0; i < kBatch; ++i) batch.push_back(population.sample().next());
  Rig& rig = population.rig();
  rig.activate();
  std::size_t at = 0;
  std::size_t admitted = 0;
  const std::int64_t began_ns = steady_ns();
  for (std::size_t i = 0; i < kBatch; ++i) {
    unsigned byte = rig.look_up(batch[at].token, population.binding(batch[at].agent));
    admitted += byte != 0 ? 1 : 0;
    // A byte shifted by eight is 0, but the next place depends on it. The compiler must not know that it is
    // 0.
    asm volatile("" : "+r"(byte));
    at = i + 1 + (byte >> 8);
  }
  const std::int64_t took_ns = steady_ns() - began_ns;
  if (admitted != kBatch) give_up({ErrorCode::kInvalid, "a lookup did not find its token"});
  return static_cast<double>(took_ns) / kBatch;
}

/// Starts from the bytes of a request, which are in the cache as if the kernel had just written them.
double check_ns(Population& population) {
  static std::vector<std::string> requests;
  static std::string output;
  requests.clear();
  output.reserve(4096);
  for (std::size_t i = 0; i < kBatch; ++i) {
    const Sample::Choice& choice = population.sample().next();
    requests.push_back(verify_request(population.agent(choice.agent), choice.token));
  }
  Rig& rig = population.rig();
  rig.activate();
  const std::int64_t began_ns = steady_ns();
  for (std::size_t at = 0; at < kBatch; at += kArrivals) {
    const std::span arrived = std::span<const std::string>(requests).subspan(at, kArrivals);
    rig.look_ahead(arrived);
    for (const std::string& request : arrived) {
      output.clear();
      rig.check(request, output);
    }
  }
  const std::int64_t took_ns = steady_ns() - began_ns;
  if (!output.starts_with("HTTP/1.1 200")) give_up({ErrorCode::kInvalid, "a check was refused"});
  return static_cast<double>(took_ns) / kBatch;
}

struct Latencies {
  Quartiles small;
  Quartiles full;
};

Latencies measure(Population& small, Population& full, double (*one)(Population&)) {
  std::vector<double> of_small;
  std::vector<double> of_full;
  for (std::size_t i = 0; i < kBatches; ++i) {
    of_small.push_back(one(small));
    of_full.push_back(one(full));
  }
  return {quartiles_of(std::move(of_small)), quartiles_of(std::move(of_full))};
}

std::string latencies_json(const Latencies& latencies) {
  return fmt::format(R"({{"small":{},"full":{}}})", quartiles_json(latencies.small),
                     quartiles_json(latencies.full));
}

// --- Deaths.

/// Runs passes when they are due, until `end` or until at most `live` tokens live.
StepMeter turn(Rig& rig, token::TableTime end, std::size_t live) {
  StepMeter meter;
  while (rig.now() < end && rig.shard().counts().live > live) {
    const std::int64_t next_ms = std::min(rig.shard().next_advance().ms, end.ms);
    rig.clock().advance_ms(std::max<std::int64_t>(next_ms - rig.now().ms, 1));
    do {
      meter.begin();
      rig.pass();
      meter.end();
    } while (rig.shard().behind());
  }
  return meter;
}

std::string deaths_json(std::size_t deaths, const StepMeter& meter) {
  const double seconds = static_cast<double>(meter.total_ns()) / 1e9;
  return fmt::format(R"({{"tokens":{},"per_second":{:.0f},"pause":{}}})", deaths,
                     static_cast<double>(deaths) / std::max(seconds, 1e-9), pause_json(meter));
}

struct Deaths {
  StepMeter visits;
  StepMeter second;
  StepMeter minute;
  std::size_t burst = 0;
};

Deaths let_die(Population& population, token::TableTime first_login) {
  Rig& rig = population.rig();
  Deaths deaths;
  deaths.burst = std::min(population.tokens(), kMillion);
  const token::TableTime burst_used{rig.now().ms - kBurstAgeMs};
  population.load_burst(deaths.burst);
  const token::TableTime never{token::kMaxTableMs};
  // A token is first found timed out at a visit after its timeout and the step of a refresh.
  const std::int64_t wait_ms = kTimeoutMs + token::kRefreshStep.count();
  rig.pass();  // takes in what loading left to the pages' helper
  deaths.visits = turn(rig, {burst_used.ms + wait_ms - 1}, 0);
  deaths.second = turn(rig, never, population.tokens());
  turn(rig, {first_login.ms + wait_ms - 1}, 0);
  deaths.minute = turn(rig, never, 0);
  return deaths;
}

int run(const Options& options) {
  Steps steps(options.tokens);
  auto small = std::make_unique<Population>(kSmallTokens, options.tokens_per_user);
  Steps small_steps(kSmallTokens);
  fill(*small, small_steps, 0);
  auto full = std::make_unique<Population>(options.tokens, options.tokens_per_user);
  const std::size_t baseline = resident_bytes();
  const token::TableTime first_login = full->rig().now();
  say("growing");
  const Growth growth = fill(*full, steps, baseline);
  const std::size_t bytes = resident_bytes() - baseline;
  const token::ShardCounts counts = full->rig().shard().counts();
  if (counts.live != options.tokens) give_up({ErrorCode::kInvalid, "not every login made a token"});
  say("looking up");
  const Latencies lookups = measure(*small, *full, look_up_ns);
  say("checking");
  const Latencies checks = measure(*small, *full, check_ns);
  say("dying");
  const Deaths deaths = let_die(*full, first_login);
  full.reset();
  StepMeter idle;
  std::string rounds = round_json(growth);
  for (std::size_t round = 1; round < kFills; ++round) {
    say(fmt::format("growing again, {} of {}", round + 1, kFills));
    idle_loop(growth.seconds, idle);
    Population same(options.tokens, options.tokens_per_user);
    rounds += "," + round_json(fill(same, steps, 0));
  }
  const auto tokens = static_cast<double>(options.tokens);
  fmt::print(
      R"({{"tokens":{},"tokens_per_user":{},"baseline_bytes":{},"bytes_per_token":{:.2f},"counted_bytes_per_token":{:.2f},)"
      R"("peak_bytes_per_token":{},"peak_at":{},"logins_per_cpu_second":{:.0f},"seconds":{:.2f},"faults_of_core":{},)"
      R"("growing":{{"login_itself_us":{:.1f},"pass_itself_us":{:.1f},"rounds":[{}],"idle_loop":{}}},)"
      R"("lookup_ns":{},"check_ns":{},"visits":{},"second":{},"minute":{}}})"
      "\n",
      options.tokens, options.tokens_per_user, baseline, static_cast<double>(bytes) / tokens,
      static_cast<double>(counts.memory_bytes) / tokens, growth.peak_bytes_per_token, growth.peak_at,
      tokens / (static_cast<double>(growth.logins.total_ns() + growth.passes.total_ns()) / 1e9),
      growth.seconds, growth.faults, static_cast<double>(steps.logins.longest_ns()) / 1e3,
      static_cast<double>(steps.passes.longest_ns()) / 1e3, rounds, pause_json(idle), latencies_json(lookups),
      latencies_json(checks), pause_json(deaths.visits), deaths_json(deaths.burst, deaths.second),
      deaths_json(options.tokens, deaths.minute));
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argument_count, char** arguments) {
  latchkey::bench::Options options;
  if (sodium_init() < 0 || argument_count != 3 ||
      !latchkey::bench::read_count(arguments[1], options.tokens) ||
      !latchkey::bench::read_count(arguments[2], options.tokens_per_user)) {
    std::fprintf(stderr, "usage: scale-table TOKENS TOKENS_A_USER\n");
    return 2;
  }
  return latchkey::bench::run(options);
}
