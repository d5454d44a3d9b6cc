// The whole check from bytes to bytes without the kernel: a request as it lies in the receive buffer is
// parsed, its token found among a million and refreshed, and the answer written into a connection's output.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <random>
#include <string>
#include <vector>

#include "rig/rig.h"

namespace latchkey::bench {
namespace {

constexpr std::size_t kTokens = 1'000'000;
constexpr std::size_t kRequests = 4096;  // of tokens all over the table, so that the cache holds few of them
constexpr std::string_view kAgent = "curl/7.88.1";

class FullRig {
 public:
  FullRig() {
    std::mt19937_64 choice(1);
    store::Session session;
    session.binding = rig_.binding(kAgent);
    session.created = session.last_used = rig_.clock().wall();
    for (std::size_t i = 0; i < kTokens; ++i) {
      session.user_id = static_cast<std::int64_t>(i + 1);
      session.user_name = "user" + std::to_string(i);
      const token::Token token = rig_.load(session);
      if (choice() % (kTokens / kRequests) == 0) requests_.push_back(verify_request(kAgent, token));
    }
    rig_.activate();
  }

  const std::vector<std::string>& requests() const { return requests_; }
  void check(const std::string& bytes, std::string& output) { rig_.check(bytes, output); }

 private:
  Rig rig_{{.max_tokens = 2 * kTokens}};
  std::vector<std::string> requests_;
};

void check_from_bytes_to_bytes(benchmark::State& state) {
  static FullRig rig;
  std::string output;
  output.reserve(4096);
  std::size_t next = 0;
  for (auto _ : state) {
    output.clear();
    rig.check(rig.requests()[next], output);
    benchmark::DoNotOptimize(output.data());
    if (++next == rig.requests().size()) next = 0;
  }
  if (!output.starts_with("HTTP/1.1 200")) state.SkipWithError("a check was refused");
}
BENCHMARK(check_from_bytes_to_bytes);

}  // namespace
}  // namespace latchkey::bench

int main(int argument_count, char** arguments) {
  if (sodium_init() < 0) return 1;
  benchmark::Initialize(&argument_count, arguments);
  benchmark::RunSpecifiedBenchmarks();
}
