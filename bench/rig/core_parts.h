// CoreParts: everything one core of a server works with except sockets, threads and disk: the API over a
// shard of tokens. Its ring is made but never entered. Its store accepts everything at once, its directory is
// empty, and its clock stands still until moved.
// Thread: the only one of the measuring program that owns it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "latchkey/api/api.h"
#include "latchkey/base/log.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/runtime/ring.h"
#include "latchkey/token/registry.h"
#include "rig/give_up.h"
#include "rig/seeded_random.h"
#include "support/credential_doubles.h"
#include "support/shard_rig.h"
#include "support/store_doubles.h"
#include "support/token_doubles.h"

namespace latchkey::bench {

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
  explicit CoreParts(const CoreSettings& settings)
      : shard_rig({.clock = clock, .random = random, .keyring = keyring, .log = log},
                  {.pages = settings.pages}),
        api_settings(settings.api) {
    shard = value_or_exit(shard_rig.make_shard(store, login_check,
                                               {.timeout = std::chrono::milliseconds(settings.timeout_ms),
                                                .max_tokens = settings.max_tokens,
                                                .max_tombstones = settings.max_tombstones}));
    shards.push_back(shard.get());
    sessions = std::make_unique<api::Sessions>(mailbox.port(0), sessions_context);
    // NOLINTNEXTLINE(modernize-make-unique): an aggregate whose counters are neither copied nor moved
    services.reset(new api::Services{loop, log, api_settings, *sessions, passwords, directory, hash_client,
                                     store, turns, metrics});
    api = std::make_unique<api::Api>(*services);
  }

  ManualClock clock;
  SeededRandom random;
  NoLog log;
  test::InstantStore store;
  test::NoDirectory directory;
  test::AnyLogin login_check;
  runtime::Mailbox mailbox{1, 16};
  runtime::Loop loop{value_or_exit(runtime::Ring::create({})), mailbox.port(0), clock};
  token::KeyFile key_file;
  token::Keyring keyring{key_file};
  test::ShardRig shard_rig;
  token::Binder binder{keyring, {}};
  const api::ApiSettings api_settings;
  std::unique_ptr<credential::HashPool> hash_pool =
      value_or_exit(credential::HashPool::create({}, {0}, {}, random, clock));
  credential::HashClient hash_client{mailbox.port(0), *hash_pool, 1};
  credential::Authenticator authenticator{directory, hash_client, log};
  credential::Throttle throttle{{}, random};
  test::NoKnownAddresses known_addresses;
  api::PasswordCheck passwords{{loop, log, throttle, known_addresses, authenticator, keyring}};
  std::unique_ptr<token::Shard> shard;
  std::vector<token::Shard*> shards;
  api::SessionsContext sessions_context{
      shards, keyring, binder, shard_rig.table_clock, shard_rig.quiescence, api_settings};
  std::unique_ptr<api::Sessions> sessions;
  runtime::Turns turns;
  api::ApiMetrics metrics;
  std::unique_ptr<api::Services> services;
  std::unique_ptr<api::Api> api;
  http::ServerLines lines{"localhost"};
  const net::IpAddress peer = net::IpAddress::from_v4(127, 0, 0, 1);
};

}  // namespace latchkey::bench
