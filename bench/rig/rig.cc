#include "rig/rig.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "latchkey/api/api.h"
#include "latchkey/base/log.h"
#include "latchkey/http/request_parser.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/ring.h"
#include "latchkey/token/lookahead.h"
#include "latchkey/token/registry.h"
#include "rig/seeded_random.h"

namespace latchkey::bench {

namespace {

// As fast as a disk that costs nothing: what is measured is the core's own work.
class InstantStore final : public store::Store {
 public:
  runtime::Task<Result<store::RowId>> record_login(store::LoginRecord) override { co_return ++rows_; }
  runtime::Task<Result<bool>> record_deaths(std::vector<store::SessionDeath>) override { co_return true; }
  runtime::Task<Result<bool>> record_user_death(store::UserDeath) override { co_return true; }
  runtime::Task<Result<bool>> record_refreshes(std::vector<store::SessionRefresh>) override {
    co_return true;
  }
  runtime::Task<Result<bool>> forget(std::vector<store::RowId>) override { co_return true; }
  runtime::Task<Result<std::optional<store::Session>>> find(store::LookupHash) override {
    co_return std::nullopt;
  }
  runtime::Task<Result<std::vector<store::Session>>> sessions_of(std::int64_t, std::size_t) override {
    co_return std::vector<store::Session>();
  }
  runtime::Task<Result<std::vector<store::Session>>> newest_sessions_of(std::int64_t, store::RowId,
                                                                        std::size_t) override {
    co_return std::vector<store::Session>();
  }
  runtime::Task<Result<std::optional<store::Session>>> find_row(store::RowId) override {
    co_return std::nullopt;
  }

  store::RowId next_row() noexcept { return ++rows_; }

 private:
  store::RowId rows_ = 0;
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

class AnyLogin final : public token::LoginCheck {
 public:
  runtime::Task<Result<bool>> still_holds(std::int64_t, std::int64_t) override { co_return true; }
};

class NoKnownAddresses final : public credential::KnownAddresses {
 public:
  runtime::Task<Result<bool>> knows(credential::KnownAddressHash, std::string, WallTime) override {
    co_return false;
  }
  runtime::Task<Result<void>> remember(credential::KnownAddressHash, credential::KnownUser,
                                       WallTime) override {
    co_return Result<void>();
  }
};

runtime::Task<void> keep_login(token::Shard& shard, token::LoginRequest request,
                               std::optional<Result<token::Login>>& result) {
  runtime::Task<Result<token::Login>> login = shard.login(std::move(request));
  result = co_await login;
}

}  // namespace

void give_up(const Error& error) {
  std::fprintf(stderr, "bench: %s\n", error.text.c_str());
  std::exit(1);
}

struct Rig::Parts {
  explicit Parts(const RigSettings& settings) : pages(1, settings.pages) {
    shard = value_or_exit(token::Shard::create({.core = 0,
                                                .shards = 1,
                                                .clock = table_clock,
                                                .random = random,
                                                .keyring = keyring,
                                                .store = store,
                                                .login_check = login_check,
                                                .quiescence = quiescence,
                                                .pages = pages.client(0),
                                                .log = log},
                                               {.timeout_ms = settings.timeout_ms,
                                                .max_tokens = settings.max_tokens,
                                                .max_tombstones = settings.max_tombstones}));
    shards.push_back(shard.get());
    sessions = std::make_unique<api::Sessions>(mailbox.port(0), sessions_context);
    services = std::make_unique<api::Services>(
        api::Services{loop, log, api_settings, *sessions, passwords, directory, hash_client, store});
    api = std::make_unique<api::Api>(*services);
    memo = api->opened(peer);
    registry = std::make_unique<token::Registry>(std::vector<const token::Table*>{&shard->table()},
                                                 quiescence, 0, &shard->writes());
    lookahead.emplace(*registry);
  }

  ManualClock clock;
  SeededRandom random;
  NoLog log;
  InstantStore store;
  NoDirectory directory;
  AnyLogin login_check;
  runtime::Mailbox mailbox{1, 16};
  runtime::Loop loop{value_or_exit(runtime::Ring::create({})), mailbox.port(0), clock};
  runtime::PageSource pages;
  runtime::Quiescence quiescence{1};
  token::KeyFile key_file;
  token::Keyring keyring{key_file};
  token::TableClock table_clock{clock};
  token::Binder binder{keyring, {}};
  api::ApiSettings api_settings = [] {
    api::ApiSettings settings;
    settings.node = "localhost";
    settings.version = "0";
    return settings;
  }();
  std::unique_ptr<credential::HashPool> hash_pool =
      value_or_exit(credential::HashPool::create({}, {0}, {}, random, clock));
  credential::HashClient hash_client{mailbox.port(0), *hash_pool, 1};
  credential::Authenticator authenticator{directory, hash_client, log};
  credential::Throttle throttle{{}, random};
  NoKnownAddresses known_addresses;
  api::PasswordCheck passwords{{loop, log, throttle, known_addresses, authenticator, keyring}};
  std::unique_ptr<token::Shard> shard;
  std::vector<token::Shard*> shards;
  api::SessionsContext sessions_context{shards, keyring, binder, table_clock, quiescence, api_settings};
  std::unique_ptr<api::Sessions> sessions;
  std::unique_ptr<api::Services> services;
  std::unique_ptr<api::Api> api;
  http::ServerLines lines{"localhost"};
  http::RequestHead head;
  const net::IpAddress peer = net::IpAddress::from_v4(127, 0, 0, 1);
  std::unique_ptr<http::ConnectionMemo> memo;
  std::unique_ptr<token::Registry> registry;
  std::optional<token::Lookahead> lookahead;
  runtime::Nursery nursery;
};

Rig::Rig(const RigSettings& settings) : parts_(std::make_unique<Parts>(settings)) {}
Rig::~Rig() = default;

ManualClock& Rig::clock() noexcept { return parts_->clock; }
token::TableTime Rig::now() const noexcept { return parts_->table_clock.now(); }
token::Shard& Rig::shard() noexcept { return *parts_->shard; }

store::BindingHash Rig::binding(std::string_view agent) const {
  return parts_->sessions->binding(parts_->peer, agent);
}

token::Token Rig::log_in(token::LoginRequest request) {
  std::optional<Result<token::Login>> result;
  parts_->nursery.spawn(keep_login(*parts_->shard, std::move(request), result));
  return value_or_exit(std::move(*result)).token;
}

token::Token Rig::load(store::Session session) {
  session.row = parts_->store.next_row();
  session.id = parts_->random.bytes<sizeof(store::SessionId)>();
  session.key_number = parts_->keyring.signing_number();
  // A session is loaded while no core runs; this one lets go of what it held.
  parts_->quiescence.activate(0);
  value_or_exit(parts_->shard->load(session, now(), {}));
  return {parts_->keyring.tag_of(session.user_id), parts_->keyring.sign(session.key_number, session.id)};
}

void Rig::activate() noexcept { parts_->quiescence.activate(0); }

void Rig::pass() {
  parts_->quiescence.activate(0);
  parts_->shard->advance(now(), token::Shard::kVisitsAPass);
  parts_->quiescence.collect(0);
}

unsigned Rig::look_up(const token::Token& token, const store::BindingHash& binding) {
  const token::Admission admission = parts_->registry->check(token, binding, now());
  return admission.user ? static_cast<unsigned char>(admission.user->header_name().data()[0]) : 0;
}

void Rig::look_ahead(std::span<const std::string> requests) noexcept {
  for (const std::string& request : requests) parts_->lookahead->see(request);
  parts_->lookahead->fetch();
}

void Rig::check(const std::string& bytes, std::string& output) {
  http::RequestHead& head = parts_->head;
  http::parse_request_head(bytes, 0, {}, head);
  http::ResponseWriter response(
      output, {parts_->lines, parts_->loop.now(), head.keep_alive, head.minor_version, false});
  http::Exchange exchange{head, {}, parts_->peer, parts_->memo.get(), response};
  benchmark::DoNotOptimize(parts_->api->answer_now(exchange));
}

std::string verify_request(std::string_view agent, const token::Token& token) {
  const token::Token::Digits digits = token.digits();
  std::string request = "GET /auth/verify HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: ";
  request.append(agent);
  request += "\r\nAccept: */*\r\nAuthorization: Token ";
  request.append(digits.data(), digits.size());
  return request += "\r\n\r\n";
}

}  // namespace latchkey::bench
