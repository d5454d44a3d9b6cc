#include "server/terms.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/room_settings.h"

namespace latchkey::server {

namespace {

/// One core's share of what the settings allow for all.
std::size_t share_of(std::size_t all, std::size_t cores) noexcept {
  return std::max<std::size_t>(all / cores, 1);
}

std::shared_ptr<credential::Throttle> throttle_of(const Settings& settings, const TermsParts& parts,
                                                  const Terms* former) {
  const credential::ThrottleSettings wanted{settings.login_failures_by_user,
                                            settings.login_failures_by_address,
                                            settings.login_failures_window.count()};
  if (former != nullptr && former->throttle->settings() == wanted) return former->throttle;
  return std::make_shared<credential::Throttle>(wanted, parts.random, &parts.throttle_metrics);
}

std::shared_ptr<ConnectionCounts> counts_of(const Settings& settings, const TermsParts& parts,
                                            const Terms* former) {
  if (former != nullptr && former->settings.connections == settings.connections &&
      former->settings.connections_by_address == settings.connections_by_address) {
    return former->connection_counts;
  }
  return std::make_shared<ConnectionCounts>(settings.connections_by_address, settings.connections,
                                            parts.random);
}

/// A watch and the networks that it looks at.
struct Watching {
  Watching(const Settings& settings, Log& log)
      : trusted(settings.trusted_proxy), watch(log, trusted, settings.forwarded_source) {}
  const std::vector<net::Network> trusted;
  http::ForwardingWatch watch;
};

std::shared_ptr<http::ForwardingWatch> watch_of(const Settings& settings, const TermsParts& parts,
                                                const Terms* former) {
  if (former != nullptr && former->settings.trusted_proxy == settings.trusted_proxy &&
      former->settings.forwarded_source == settings.forwarded_source) {
    return former->forwarding;
  }
  const auto watching = std::make_shared<Watching>(settings, parts.log);
  return {watching, &watching->watch};
}

}  // namespace

Terms::Terms(const Settings& the_settings, const TermsParts& parts, const Terms* former)
    : settings(the_settings),
      api(api_settings_of(settings)),
      connection(connection_settings_of(settings)),
      hash_queue(share_of(settings.hash_queue, parts.cores)),
      max_connections(share_of(settings.connections, parts.cores)),
      refresh_rows_per_second(shard_settings_of(settings, parts.cores).refresh_rows_per_second),
      peer_rules{settings.trusted_proxy, settings.counted_networks},
      throttle(throttle_of(settings, parts, former)),
      connection_counts(counts_of(settings, parts, former)),
      forwarding(watch_of(settings, parts, former)) {}

CoreTerms::CoreTerms(std::shared_ptr<const Terms> of_all, const CoreTermsParts& parts)
    : terms(std::move(of_all)),
      passwords({.loop = parts.loop,
                 .log = parts.log,
                 .throttle = *terms->throttle,
                 .known_addresses = parts.known_addresses,
                 .authenticator = parts.authenticator,
                 .keyring = parts.keyring}),
      services{parts.loop,
               parts.log,
               terms->api,
               parts.sessions,
               passwords,
               parts.directory,
               parts.hasher,
               parts.store,
               parts.turns,
               parts.metrics,
               terms->forwarding.get(),
               &parts.unknown_hosts},
      api(services) {}

}  // namespace latchkey::server
