// The whole check from bytes to bytes without the kernel: a request as it lies in the receive buffer is
// parsed, its token found among a million and refreshed, and the answer written into a connection's output.
// The kernel has just written the request and so has it in the cache; here its token is written into it. How
// much of the table is in the cache goes by how many of the tokens come by turns.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "rig/rig.h"

namespace latchkey::bench {
namespace {

constexpr std::size_t kTokens = 1'000'000;
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
    request_ = verify_request(kAgent, token::Token());
    const token::Token::Digits zeros = token::Token().digits();
    token_at_ = request_.find(std::string_view(zeros.data(), zeros.size()));
    rig_.activate();
  }

  void check(std::size_t number, std::string& output) {
    const token::Token::Digits& token = tokens_[number];
    std::copy(token.begin(), token.end(), request_.begin() + static_cast<std::ptrdiff_t>(token_at_));
    rig_.check(request_, output);
  }

 private:
  Rig rig_{{.max_tokens = 2 * kTokens}};
  std::vector<token::Token::Digits> tokens_;
  std::string request_;
  std::size_t token_at_ = 0;
};

void check_from_bytes_to_bytes(benchmark::State& state) {
  static FullRig rig;
  std::string output;
  output.reserve(4096);
  const auto by_turns = static_cast<std::size_t>(state.range(0));
  std::size_t next = 0;
  for (auto _ : state) {
    output.clear();
    rig.check(next, output);
    benchmark::DoNotOptimize(output.data());
    if (++next == by_turns) next = 0;
  }
  if (!output.starts_with("HTTP/1.1 200")) state.SkipWithError("a check was refused");
}
BENCHMARK(check_from_bytes_to_bytes)->Arg(1)->Arg(4096)->Arg(kTokens);

}  // namespace
}  // namespace latchkey::bench

int main(int argument_count, char** arguments) {
  if (sodium_init() < 0) return 1;
  benchmark::Initialize(&argument_count, arguments);
  benchmark::RunSpecifiedBenchmarks();
}
