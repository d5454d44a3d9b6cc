// The metrics of requests: questions, logins, sessions that end, passwords, and the bounds that were reached.
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "latchkey/api/api_metrics.h"
#include "latchkey/credential/authenticator.h"
#include "latchkey/http/http_metrics.h"
#include "server/metrics.h"

namespace latchkey::server {

namespace {

using enum MetricType;

void write_checks(MetricsText& text, const MetricsSources& from) {
  for (std::size_t i = 0; i < api::kCheckResultNames.size(); ++i) {
    text.sample(sum_of(from, [i](const Core::Counts& counts) { return counts.api.checks.value(i); }),
                {{"result", api::kCheckResultNames[i]}});
  }
}

void write_logins(MetricsText& text, const MetricsSources& from) {
  for (std::size_t via = 0; via < api::kLoginViaNames.size(); ++via) {
    for (std::size_t i = 0; i < api::kLoginResultNames.size(); ++i) {
      text.sample(
          sum_of(from, [via, i](const Core::Counts& counts) { return counts.api.logins[via].value(i); }),
          {{"result", api::kLoginResultNames[i]}, {"via", api::kLoginViaNames[via]}});
    }
  }
}

void write_refusals(MetricsText& text, const MetricsSources& from) {
  for (std::size_t i = 0; i < credential::kLoginRefusalNames.size(); ++i) {
    text.sample(
        sum_of(from, [i](const Core::Counts& counts) { return counts.authenticator.refusals.value(i); }),
        {{"reason", credential::kLoginRefusalNames[i]}});
  }
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.api.changed_meanwhile.value(); }),
              {{"reason", "changed_meanwhile"}});
}

void write_login_duration(MetricsText& text, const MetricsSources& from) {
  HistogramSum granted;
  HistogramSum refused;
  for (const auto& core : from.cores.cores) {
    core->counts().api.granted.add_to(granted);
    core->counts().api.refused.add_to(refused);
  }
  text.histogram(api::ApiMetrics::Durations::bounds(), granted, {{"result", "granted"}});
  text.histogram(api::ApiMetrics::Durations::bounds(), refused, {{"result", "refused"}});
}

void write_throttled(MetricsText& text, const MetricsSources& from) {
  const credential::ThrottleMetrics& counts = from.cores.context->throttle_metrics;
  text.sample(counts.by_user.load(std::memory_order_relaxed), {{"by", "user"}});
  text.sample(counts.by_address.load(std::memory_order_relaxed), {{"by", "address"}});
  text.sample(counts.by_pair.load(std::memory_order_relaxed), {{"by", "pair"}});
}

void write_ended(MetricsText& text, const MetricsSources& from) {
  for (std::size_t i = 0; i < api::kSessionEndNames.size(); ++i) {
    text.sample(sum_of(from, [i](const Core::Counts& counts) { return counts.api.ended.value(i); }),
                {{"reason", api::kSessionEndNames[i]}});
  }
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.tokens.ended_by_limit.value(); }),
              {{"reason", "limit"}});
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.tokens.timed_out.value(); }),
              {{"reason", "timeout"}});
}

void write_hashes(MetricsText& text, const MetricsSources& from) {
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.hashes.hashes.load(); }));
}
void write_hash_refused(MetricsText& text, const MetricsSources& from) {
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.hashes.refused.load(); }));
}
void write_reliefs(MetricsText& text, const MetricsSources& from) {
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.hashes.reliefs.load(); }));
}
void write_hash_queue(MetricsText& text, const MetricsSources& from) {
  text.sample(sum_of(from, [](const Core::Counts& counts) { return counts.hashes.waiting.load(); }));
}
void write_hash_queue_limit(MetricsText& text, const MetricsSources& from) {
  text.sample(from.reloader.terms().hash_queue * from.cores.cores.size());
}

void write_hash_wait(MetricsText& text, const MetricsSources& from) {
  HistogramSum sum;
  for (const auto& core : from.cores.cores) core->counts().hashes.wait.add_to(sum);
  text.histogram(kLoginBoundsNs, sum);
}

void write_hash_duration(MetricsText& text, const MetricsSources& from) {
  const std::vector<std::string_view> schemes = credential::scheme_labels();
  for (std::size_t i = 0; i < schemes.size(); ++i) {
    HistogramSum sum;
    for (const auto& core : from.cores.cores) core->counts().hashes.duration[i].add_to(sum);
    text.histogram(kLoginBoundsNs, sum, {{"scheme", schemes[i]}});
  }
}

void write_rehashes(MetricsText& text, const MetricsSources& from) {
  const std::vector<std::string_view> schemes = credential::scheme_labels();
  for (std::size_t i = 0; i < schemes.size(); ++i) {
    text.sample(
        sum_of(from, [i](const Core::Counts& counts) { return counts.authenticator.rehashes[i].value(); }),
        {{"scheme", schemes[i]}});
  }
}

void write_stored_hashes(MetricsText& text, const MetricsSources& from) {
  const std::vector<std::string_view> schemes = credential::scheme_labels();
  for (std::size_t i = 0; i < schemes.size(); ++i)
    text.sample(from.stored_schemes[i], {{"scheme", schemes[i]}});
}

constexpr MetricFamily kFamilies[] = {
    {"latchkey_checks_total", kCounter,
     "Questions of proxies, by their answer. other_binding: the token exists and is bound to another address or "
     "agent; ended: by its holder or an administrator.",
     write_checks},
    {"latchkey_logins_total", kCounter,
     "Logins by what became of them; via basic, also each use of Authorization: Basic, of which a right one is "
     "checked.",
     write_logins},
    {"latchkey_login_refusals_total", kCounter,
     "Passwords that were tried and did not count, wherever they were given, by the reason that no client is "
     "told.",
     write_refusals},
    {"latchkey_login_duration_seconds", kHistogram,
     "From a login's request to its answer; refused ones wait for the end of their step.",
     write_login_duration},
    {"latchkey_throttled_total", kCounter,
     "Logins that were refused untried: by the name, the address, or the name at that address.",
     write_throttled},
    {"latchkey_sessions_ended_total", kCounter,
     "Sessions that ended. What a deleted user had counts as disabled, which comes first.", write_ended},
    {"latchkey_hashes_total", kCounter, "Passwords that were hashed.", write_hashes},
    {"latchkey_hash_refused_total", kCounter, "Passwords that were not hashed, as the queue was full.",
     write_hash_refused},
    {"latchkey_hash_reliefs_total", kCounter,
     "Passwords that a standby hashed too, as their worker got no CPU time.", write_reliefs},
    {"latchkey_hash_queue_length", kGauge, "Passwords that wait for a worker.", write_hash_queue},
    {"latchkey_hash_queue_limit", kGauge, "How many may wait.", write_hash_queue_limit},
    {"latchkey_hash_wait_seconds", kHistogram, "How long a password waited for a worker.", write_hash_wait},
    {"latchkey_hash_duration_seconds", kHistogram, "How long a password took to be hashed, by its scheme.",
     write_hash_duration},
    {"latchkey_rehashes_total", kCounter,
     "Imported or older hashes that a login replaced, by the scheme that they had.", write_rehashes},
    {"latchkey_stored_hashes", kGauge, "Users by the scheme of their hash, counted at the start.",
     write_stored_hashes},
};

}  // namespace

std::span<const MetricFamily> request_metrics() noexcept { return kFamilies; }

}  // namespace latchkey::server
