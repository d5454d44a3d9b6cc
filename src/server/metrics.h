// The metrics of the server: one table of families, from which the answer of /metrics is written. No value of
// a label comes from a client: all are from tables in the code, so the number of series is known at the
// start, and all of them exist from then on. Thread: the main thread's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/credential/hash_pool.h"
#include "latchkey/credential/stored_kinds.h"
#include "server/logs.h"
#include "server/metrics_text.h"
#include "server/process_files.h"
#include "server/pulse.h"
#include "server/reloader.h"
#include "server/start_context.h"
#include "server/start_cores.h"
#include "server/start_threads.h"

namespace latchkey::server {

/// What the metrics are read from.
/// Lifetime: the references outlive it.
struct MetricsSources {
  const StartContext& start;
  const Threads& threads;
  const Cores& cores;
  const Pulse& pulse;
  const Logs& log;
  const ProcessFiles& process;
  const Reloader& reloader;
  std::size_t confinement_gaps = 0;
  bool last_start_unclean = false;
  credential::StoredSchemes stored_schemes{};
  ProcessReading reading{};  ///< of `process`, for one answer
  bool is_ready = false;
  bool is_draining = false;
};

struct MetricFamily {
  std::string_view name;
  MetricType type;
  std::string_view help;
  void (*write)(MetricsText& text, const MetricsSources& from);
};

/// The sum of `value(Core::Counts)` over all cores.
template <class Value>
std::uint64_t sum_of(const MetricsSources& from, Value value) {
  std::uint64_t sum = 0;
  for (const std::unique_ptr<Core>& core : from.cores.cores) sum += value(core->counts());
  return sum;
}

/// The families of each part, in the order of the answer.
std::span<const MetricFamily> request_metrics() noexcept;
std::span<const MetricFamily> connection_metrics() noexcept;
std::span<const MetricFamily> token_metrics() noexcept;
std::span<const MetricFamily> store_metrics() noexcept;
std::span<const MetricFamily> server_metrics() noexcept;

/// The answer of /metrics.
std::string metrics_text(MetricsSources& from);

}  // namespace latchkey::server
