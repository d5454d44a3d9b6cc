// Terms: what the server serves by until its settings are reloaded. The main thread makes them whole; then
// nothing in them changes. Each core gets CoreTerms of its own, by message, and goes by them from the next
// request on. What is under way keeps those that it began with, which end with the last of it. Thread: the
// main thread makes them. CoreTerms are its core's alone; any thread may read Terms.
#pragma once

#include <cstddef>
#include <memory>

#include "latchkey/api/api.h"
#include "latchkey/api/password_check.h"
#include "latchkey/api/services.h"
#include "latchkey/api/settings.h"
#include "latchkey/base/log.h"
#include "latchkey/base/random.h"
#include "latchkey/credential/throttle.h"
#include "latchkey/http/connection.h"
#include "latchkey/http/forwarding_watch.h"
#include "server/connection_counts.h"
#include "server/settings.h"

namespace latchkey::server {

/// What Terms are made with beside the settings.
/// Lifetime: what is referred to outlives the Terms.
struct TermsParts {
  Log& log;
  Random& random;
  credential::ThrottleMetrics& throttle_metrics;
  std::size_t cores;
};

struct Terms {
  /// What `former` has counted and remembered goes on, except under settings that have changed: as after a
  /// start, new bounds on failed logins begin with none and with no unlocked name, and new bounds on
  /// connections count those that are opened from then on. Requires: the settings are checked. `former` is
  /// null at the start.
  Terms(const Settings& the_settings, const TermsParts& parts, const Terms* former);
  Terms(const Terms&) = delete;
  Terms& operator=(const Terms&) = delete;

  const Settings settings;
  const api::ApiSettings api;
  const http::ConnectionSettings connection;
  const std::size_t hash_queue;               ///< waiting logins per core
  const std::size_t max_connections;          ///< per core
  const std::size_t refresh_rows_per_second;  ///< per core
  const PeerRules peer_rules;

  const std::shared_ptr<credential::Throttle> throttle;
  const std::shared_ptr<ConnectionCounts> connection_counts;  ///< per client, over all cores
  const std::shared_ptr<http::ForwardingWatch> forwarding;
};

/// What a core gives to its terms.
/// Lifetime: everything here outlives them.
struct CoreTermsParts {
  runtime::Loop& loop;
  Log& log;
  credential::KnownAddresses& known_addresses;
  credential::Authenticator& authenticator;
  const token::Keyring& keyring;
  api::Sessions& sessions;
  credential::Directory& directory;
  credential::HashClient& hasher;
  store::Store& store;
  runtime::Turns& turns;
  api::ApiMetrics& metrics;
  Notices& unknown_hosts;
};

/// A core's own: what answers its requests, with all that is rendered from the settings.
struct CoreTerms {
  CoreTerms(std::shared_ptr<const Terms> of_all, const CoreTermsParts& parts);
  CoreTerms(const CoreTerms&) = delete;
  CoreTerms& operator=(const CoreTerms&) = delete;

  const std::shared_ptr<const Terms> terms;
  api::PasswordCheck passwords;
  api::Services services;
  api::Api api;
};

}  // namespace latchkey::server
