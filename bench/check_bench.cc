// A whole check from bytes to bytes, without the kernel. A request as it is in the receive buffer is parsed,
// its token is found among a million and refreshed, and the answer is written into a connection's output. The
// kernel would just have written the request and have it in the cache, so the token is written into it here.
// The number of tokens used in turn decides how much of the table is in the cache. The number of requests
// that a pass of the loop finds together decides how much of the memory's delay it waits for.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "rig/rig.h"

namespace latchkey::bench {
namespace {

constexpr std::size_t kTokens = 1'000'000;
constexpr std::size_t kMostAtOnce = 64;
constexpr std::string_view kAgent = "curl/7.88.1";

class FullRig {
 public:
  FullRig() {
    store::Session session;
    session.binding = rig_.binding(kAgent);
    session.created = session.last_used = rig_.clock().wall();
    tokens_.reserve(kTokens);
    for (std::size_t i = 0; i < kTokens; ++i) {
      session.user_id = static_cast<std::int64_t>(i + 1);
      session.user_name = "user" + std::to_string(i);
      tokens_.push_back(rig_.load(session).digits());
    }
    std::shuffle(tokens_.begin(), tokens_.end(), std::mt19937_64(1));
    requests_.assign(kMostAtOnce, verify_request(kAgent, token::Token()));
    const token::Token::Digits zeros = token::Token().digits();
    token_at_ = requests_.front().find(std::string_view(zeros.data(), zeros.size()));
    rig_.activate();
  }

  void arrive(std::size_t place, std::size_t number) {
    const token::Token::Digits& token = tokens_[number];
    std::copy(token.begin(), token.end(), requests_[place].begin() + static_cast<std::ptrdiff_t>(token_at_));
  }

  /// Afterwards `output` has the last answer.
  void check(std::size_t requests, std::string& output) {
    const std::span arrived = std::span<const std::string>(requests_).first(requests);
    rig_.look_ahead(arrived);
    for (const std::string& request : arrived) {
      output.clear();
      rig_.check(request, output);
    }
  }

 private:
  Rig rig_{{.max_tokens = 2 * kTokens}};
  std::vector<token::Token::Digits> tokens_;
  std::vector<std::string> requests_;
  std::size_t token_at_ = 0;
};

void check_from_bytes_to_bytes(benchmark::State& state) {
  static FullRig rig;
  std::string output;
  output.reserve(4096);
  const auto at_once = static_cast<std::size_t>(state.range(0));
  const auto by_turns = static_cast<std::size_t>(state.range(1));
  std::size_t next = 0;
  while (state.KeepRunningBatch(state.range(0))) {
    for (std::size_t place = 0; place < at_once; ++place) {
      rig.arrive(place, next);
      if (++next == by_turns) next = 0;
    }
    rig.check(at_once, output);
    benchmark::DoNotOptimize(output.data());
  }
  if (!output.starts_with("HTTP/1.1 200")) state.SkipWithError("a check was refused");
}
BENCHMARK(check_from_bytes_to_bytes)
    ->ArgNames({"at_once", "tokens"})
    ->ArgsProduct({{1, 4, 16, kMostAtOnce}, {1, 4096, kTokens}});

}  // namespace
}  // namespace latchkey::bench

int main(int argument_count, char** arguments) {
  if (sodium_init() < 0) return 1;
  benchmark::Initialize(&argument_count, arguments);
  benchmark::RunSpecifiedBenchmarks();
}
