// CoreParts: what one core of a server works with, but for its sockets, its threads and its disk: the API
// over a shard of tokens. Its ring is made and never entered, its store takes everything at once, its
// directory is empty, and its clock stands still until it is told. Owned by a program that measures, on its
// one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/api/api.h"
#include "latchkey/base/log.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/runtime/ring.h"
#include "latchkey/token/registry.h"
#include "rig/give_up.h"
#include "rig/seeded_random.h"

namespace latchkey::bench {

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

inline api::ApiSettings rig_api_settings() {
  api::ApiSettings settings;
  settings.node = "localhost";
  settings.version = "0";
  return settings;
}

struct CoreSettings {
  std::size_t max_tokens = 1'000'000;
  std::size_t max_tombstones = 1'000'000;
  std::int64_t timeout_ms = 1'800'000;
  runtime::PageSource::Mode pages = runtime::PageSource::Mode::kInPlace;
  api::ApiSettings api = rig_api_settings();
};

struct CoreParts {
  explicit CoreParts(const CoreSettings& settings) : pages(1, settings.pages), api_settings(settings.api) {
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
        api::Services{loop, log, api_settings, *sessions, passwords, directory, hash_client, store, turns});
    api = std::make_unique<api::Api>(*services);
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
  const api::ApiSettings api_settings;
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
  runtime::Turns turns;
  std::unique_ptr<api::Services> services;
  std::unique_ptr<api::Api> api;
  http::ServerLines lines{"localhost"};
  const net::IpAddress peer = net::IpAddress::from_v4(127, 0, 0, 1);
};

}  // namespace latchkey::bench
