// The metrics of connections: answers by resource and status, connections, and the bounds that were reached.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/http/http_metrics.h"
#include "server/metrics.h"

namespace latchkey::server {

namespace {

using enum MetricType;

void write_answers(MetricsText& text, const MetricsSources& from) {
  const std::span<const std::string_view> resources = from.cores.cores.front()->resource_paths();
  for (std::size_t resource = 0; resource < resources.size(); ++resource) {
    for (std::size_t place = 0; place < http::HttpMetrics::kCodes; ++place) {
      const std::string code =
          place == http::kStatuses.size() ? "other" : std::to_string(http::kStatuses[place]);
      text.sample(sum_of(from,
                         [resource, place](const Core::Counts& counts) {
                           return counts.http.answers[resource][place].value();
                         }),
                  {{"resource", resources[resource]}, {"code", code}});
    }
  }
}

void write_connections(MetricsText& text, const MetricsSources& from) {
  for (std::size_t kind = 0; kind < kListenerNames.size(); ++kind) {
    // Each end is read before the beginning that precedes it, so the difference is never below 0.
    text.sample(sum_of(from,
                       [kind](const Core::Counts& counts) {
                         const std::uint64_t ended = counts.core.ended[kind].value();
                         return counts.core.accepted[kind].value() - ended;
                       }),
                {{"listener", kListenerNames[kind]}});
  }
}

void write_limit(MetricsText& text, const MetricsSources& from) {
  text.sample(from.reloader.terms().max_connections * from.cores.cores.size());
}

void write_accepted(MetricsText& text, const MetricsSources& from) {
  for (std::size_t kind = 0; kind < kListenerNames.size(); ++kind) {
    text.sample(
        sum_of(from, [kind](const Core::Counts& counts) { return counts.core.accepted[kind].value(); }),
        {{"listener", kListenerNames[kind]}});
  }
}

std::uint64_t refused_messages(const MetricsSources& from) {
  std::uint64_t sum = 0;
  for (std::size_t port = 0; port < from.threads.mailbox->size(); ++port) {
    sum += from.threads.mailbox->port(static_cast<runtime::PortId>(port)).refused();
  }
  return sum;
}

void write_refused(MetricsText& text, const MetricsSources& from) {
  for (std::size_t i = 0; i < kCoreBoundNames.size(); ++i) {
    text.sample(sum_of(from, [i](const Core::Counts& counts) { return counts.core.refused.value(i); }),
                {{"bound", kCoreBoundNames[i]}});
  }
  for (std::size_t i = 0; i < http::kBoundNames.size(); ++i) {
    text.sample(sum_of(from, [i](const Core::Counts& counts) { return counts.http.bounds.value(i); }),
                {{"bound", http::kBoundNames[i]}});
  }
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.hashes.refused.load(); }),
              {{"bound", "hash_queue"}});
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.tokens.logins_refused.value(); }),
              {{"bound", "tokens"}});
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.api.no_log_room.value(); }),
              {{"bound", "log"}});
  text.sample(refused_messages(from), {{"bound", "messages"}});
}

constexpr MetricFamily kFamilies[] = {
    {"latchkey_http_requests_total", kCounter,
     "Requests that were answered, by the path of their resource and the status. none: no resource has the path, "
     "or the request was refused before that mattered.",
     write_answers},
    {"latchkey_connections", kGauge, "Open connections, at listeners with the PROXY protocol and at others.",
     write_connections},
    {"latchkey_connections_limit", kGauge, "How many may be open, over all listeners.", write_limit},
    {"latchkey_connections_accepted_total", kCounter, "Connections that were taken.", write_accepted},
    {"latchkey_refused_total", kCounter,
     "What was refused or broken off because a bound was reached: connections, requests, logins, and messages "
     "between threads.",
     write_refused},
};

}  // namespace

std::span<const MetricFamily> connection_metrics() noexcept { return kFamilies; }

}  // namespace latchkey::server
