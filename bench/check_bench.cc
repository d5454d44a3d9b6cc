// The whole check from bytes to bytes without the kernel: a request as it lies in the receive buffer is
// parsed, its token found among a million and refreshed, and the answer written into a connection's output.
// The kernel has just written the request and so has it in the cache; here its token is written into it. How
// much of the table is in the cache goes by how many of the tokens come by turns.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "latchkey/api/api.h"
#include "latchkey/base/log.h"
#include "latchkey/base/random.h"
#include "latchkey/http/request_parser.h"
#include "latchkey/runtime/ring.h"

namespace latchkey {
namespace {

constexpr std::size_t kTokens = 1'000'000;
constexpr std::string_view kAgent = "curl/7.88.1";
constexpr std::string_view kHead =
    "GET /auth/verify HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n"
    "Authorization: Token ";

template <class T>
T value_or_exit(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "check_bench: %s\n", result.error().text.c_str());
  std::exit(1);
}

// Nothing is written while tokens are checked.
class NoStore final : public store::Store {
 public:
  runtime::Task<Result<store::RowId>> record_login(store::LoginRecord) override { co_return refused(); }
  runtime::Task<Result<bool>> record_deaths(std::vector<store::SessionDeath>) override {
    co_return refused();
  }
  runtime::Task<Result<bool>> record_refreshes(std::vector<store::SessionRefresh>) override {
    co_return refused();
  }
  runtime::Task<Result<bool>> forget(std::vector<store::RowId>) override { co_return refused(); }
  runtime::Task<Result<std::optional<store::Session>>> find(store::LookupHash) override {
    co_return refused();
  }
  runtime::Task<Result<std::vector<store::Session>>> sessions_of(std::int64_t, std::size_t) override {
    co_return refused();
  }
  runtime::Task<Result<std::vector<store::Session>>> newest_sessions_of(std::int64_t, store::RowId,
                                                                        std::size_t) override {
    co_return refused();
  }
  runtime::Task<Result<std::optional<store::Session>>> find_row(store::RowId) override {
    co_return refused();
  }

 private:
  static tl::unexpected<Error> refused() { return failure(ErrorCode::kUnavailable, "no store"); }
};

class NoDirectory final : public credential::Directory {
 public:
  runtime::Task<Result<std::optional<credential::User>>> find(std::string) override {
    co_return std::nullopt;
  }
  runtime::Task<Result<std::optional<credential::User>>> find_by_id(std::int64_t) override {
    co_return std::nullopt;
  }
  runtime::Task<Result<bool>> replace_hash(std::int64_t, std::string, std::string) override {
    co_return false;
  }
  runtime::Task<Result<bool>> change_password_hash(std::int64_t, std::int64_t, std::string) override {
    co_return false;
  }
};

class NoKnownAddresses final : public credential::KnownAddresses {
 public:
  runtime::Task<Result<bool>> knows(credential::KnownAddressHash, WallTime) override { co_return false; }
  runtime::Task<Result<void>> remember(credential::KnownAddressHash, WallTime) override {
    co_return Result<void>();
  }
};

// One core of a server, but for its sockets and threads.
class Rig {
 public:
  Rig() {
    shard_ = value_or_exit(token::Shard::create({.core = 0,
                                                 .shards = 1,
                                                 .clock = table_clock_,
                                                 .random = random_,
                                                 .keyring = keyring_,
                                                 .store = store_,
                                                 .quiescence = quiescence_,
                                                 .pages = pages_.client(0),
                                                 .log = log_},
                                                {.max_tokens = 2 * kTokens}));
    shards_.push_back(shard_.get());
    sessions_ = std::make_unique<api::Sessions>(mailbox_.port(0), sessions_context_);
    services_ =
        std::make_unique<api::Services>(api::Services{loop_, log_, api_settings_, *sessions_, passwords_,
                                                      authenticator_, directory_, hash_client_, store_});
    api_ = std::make_unique<api::Api>(*services_);
    memo_ = api_->opened(peer_);
    fill();
    // From here on this thread reads what others might replace: as a core does after its wait.
    quiescence_.activate(0);
  }

  const std::vector<token::Token::Digits>& tokens() const { return tokens_; }

  // What http::Connection does with a request that has arrived whole, and with its answer.
  void check(const token::Token::Digits& token, std::string& output) {
    std::memcpy(request_.data() + kTokenAt, token.data(), token.size());
    http::parse_request_head(request_, 0, {}, head_);
    http::ResponseWriter response(output,
                                  {lines_, loop_.now(), head_.keep_alive, head_.minor_version, false});
    http::Exchange exchange{head_, {}, peer_, memo_.get(), response};
    benchmark::DoNotOptimize(api_->answer_now(exchange));
  }

 private:
  void fill() {
    const store::BindingHash binding = sessions_->binding(peer_, kAgent);
    for (std::size_t i = 0; i < kTokens; ++i) {
      store::Session session;
      session.row = static_cast<store::RowId>(i + 1);
      session.id = random_.bytes<16>();
      session.user_id = static_cast<std::int64_t>(i + 1);
      session.user_name = "user" + std::to_string(i);
      session.binding = binding;
      session.key_number = keyring_.signing_number();
      session.created = session.last_used = clock_.wall();
      value_or_exit(shard_->load(session, table_clock_.now(), true));
      tokens_.push_back(
          token::Token(keyring_.tag_of(session.user_id), keyring_.sign(session.key_number, session.id))
              .digits());
    }
    std::shuffle(tokens_.begin(), tokens_.end(), std::mt19937_64(1));
  }

  SystemClock clock_;
  SystemRandom random_;
  NoLog log_;
  NoStore store_;
  NoDirectory directory_;
  runtime::Mailbox mailbox_{1, 16};
  runtime::Loop loop_{value_or_exit(runtime::Ring::create({})), mailbox_.port(0), clock_};
  runtime::PageSource pages_{1, runtime::PageSource::Mode::kInPlace};
  runtime::Quiescence quiescence_{1};
  token::KeyFile key_file_;
  token::Keyring keyring_{key_file_};
  token::TableClock table_clock_{clock_};
  token::Binder binder_{keyring_, {}};
  api::ApiSettings api_settings_ = [] {
    api::ApiSettings settings;
    settings.node = "localhost";
    settings.version = "0";
    return settings;
  }();
  std::unique_ptr<credential::HashPool> hash_pool_ =
      value_or_exit(credential::HashPool::create({}, {0}, random_, clock_));
  credential::HashClient hash_client_{mailbox_.port(0), *hash_pool_, 1};
  credential::Authenticator authenticator_{directory_, hash_client_, log_};
  credential::Throttle throttle_{{}, random_};
  NoKnownAddresses known_addresses_;
  api::PasswordCheck passwords_{{loop_, log_, throttle_, known_addresses_, authenticator_, keyring_}};
  std::unique_ptr<token::Shard> shard_;
  std::vector<token::Shard*> shards_;
  api::SessionsContext sessions_context_{shards_,      keyring_,    binder_,
                                         table_clock_, quiescence_, api_settings_};
  std::unique_ptr<api::Sessions> sessions_;
  std::unique_ptr<api::Services> services_;
  std::unique_ptr<api::Api> api_;
  http::ServerLines lines_{"localhost"};
  http::RequestHead head_;
  const net::IpAddress peer_ = net::IpAddress::from_v4(127, 0, 0, 1);
  std::unique_ptr<http::ConnectionMemo> memo_;
  std::vector<token::Token::Digits> tokens_;
  static constexpr std::size_t kTokenAt = kHead.size();
  std::string request_ = std::string(kHead) + std::string(40, '0') + "\r\n\r\n";
};

void check_from_bytes_to_bytes(benchmark::State& state) {
  static Rig rig;
  std::string output;
  output.reserve(4096);
  const auto by_turns = static_cast<std::size_t>(state.range(0));
  std::size_t next = 0;
  for (auto _ : state) {
    output.clear();
    rig.check(rig.tokens()[next], output);
    benchmark::DoNotOptimize(output.data());
    if (++next == by_turns) next = 0;
  }
  if (!output.starts_with("HTTP/1.1 200")) state.SkipWithError("a check was refused");
}
BENCHMARK(check_from_bytes_to_bytes)->Arg(1)->Arg(4096)->Arg(kTokens);

}  // namespace
}  // namespace latchkey

int main(int argument_count, char** arguments) {
  if (sodium_init() < 0) return 1;
  benchmark::Initialize(&argument_count, arguments);
  benchmark::RunSpecifiedBenchmarks();
}
