// The metrics of tokens, from what the cores said at their last beat.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "server/metrics.h"

namespace latchkey::server {

namespace {

using enum MetricType;

/// The sum of what the cores said.
template <class Value>
std::uint64_t level_of(const MetricsSources& from, Value value) {
  std::uint64_t sum = 0;
  for (std::size_t core = 0; core < from.pulse.cores(); ++core) sum += value(from.pulse.of_core(core).levels);
  return sum;
}

void write_tokens(MetricsText& text, const MetricsSources& from) {
  text.sample(level_of(from, [](const CoreLevels& levels) { return levels.tokens.live; }));
}
void write_limit(MetricsText& text, const MetricsSources& from) { text.sample(from.start.settings.tokens); }
void write_users(MetricsText& text, const MetricsSources& from) {
  text.sample(level_of(from, [](const CoreLevels& levels) { return levels.tokens.users; }));
}
void write_tombstones(MetricsText& text, const MetricsSources& from) {
  text.sample(level_of(from, [](const CoreLevels& levels) { return levels.tokens.tombstones; }));
}
void write_tombstones_limit(MetricsText& text, const MetricsSources& from) {
  text.sample(from.start.settings.tombstones);
}
void write_cut(MetricsText& text, const MetricsSources& from) {
  text.sample(level_of(from, [](const CoreLevels& levels) { return levels.tokens.tombstones_cut; }));
}
void write_memory(MetricsText& text, const MetricsSources& from) {
  text.sample(level_of(from, [](const CoreLevels& levels) { return levels.tokens.memory_bytes; }));
}
void write_timeout(MetricsText& text, const MetricsSources& from) {
  text.sample(static_cast<double>(from.start.settings.token_timeout.count()) / 1000);
}
void write_rows(MetricsText& text, const MetricsSources& from) {
  text.sample(level_of(from, [](const CoreLevels& levels) { return levels.tokens.refreshes_waiting; }));
}
void write_jobs(MetricsText& text, const MetricsSources& from) {
  text.sample(level_of(from, [](const CoreLevels& levels) { return levels.store_jobs; }));
}
void write_oldest(MetricsText& text, const MetricsSources& from) {
  std::int64_t oldest_ms = 0;
  for (std::size_t core = 0; core < from.pulse.cores(); ++core)
    oldest_ms = std::max(oldest_ms, from.pulse.of_core(core).levels.oldest_refresh_ms);
  text.sample(static_cast<double>(oldest_ms) / 1000);
}

constexpr MetricFamily kFamilies[] = {
    {"latchkey_tokens", kGauge, "Live tokens, with those whose timeout has not been noticed yet.",
     write_tokens},
    {"latchkey_tokens_limit", kGauge, "How many there may be.", write_limit},
    {"latchkey_users_with_tokens", kGauge, "Users who have at least one token.", write_users},
    {"latchkey_tombstones", kGauge, "Dead tokens whose reason of death is remembered.", write_tombstones},
    {"latchkey_tombstones_limit", kGauge, "How many may be remembered.", write_tombstones_limit},
    {"latchkey_tombstones_cut_total", kCounter, "Reasons that were forgotten early because of that bound.",
     write_cut},
    {"latchkey_token_memory_bytes", kGauge, "Memory of the tables of tokens.", write_memory},
    {"latchkey_token_timeout_seconds", kGauge, "How long a token lives after its last use.", write_timeout},
    {"latchkey_store_refresh_rows_waiting", kGauge, "Uses of tokens that wait to be written.", write_rows},
    {"latchkey_store_oldest_refresh_seconds", kGauge,
     "How long ago the oldest use was that waits to be written; 0 if none waits.", write_oldest},
    {"latchkey_store_queue_length", kGauge, "Jobs of the cores at the store.", write_jobs},
};

}  // namespace

std::span<const MetricFamily> token_metrics() noexcept { return kFamilies; }

}  // namespace latchkey::server
