#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "load/report.h"

namespace latchkey::load {

namespace {

void add_latencies(std::string& out, std::string_view name, const Histogram& latencies) {
  out += fmt::format("  {:<10}{:>12}{:>10}", name, count_text(latencies.count()),
                     duration_text(latencies.mean_ns()));
  for (const auto& [quantile_name, quantile] : kReportedQuantiles) {
    out += fmt::format("{:>10}", duration_text(static_cast<double>(latencies.quantile_ns(quantile))));
  }
  out += fmt::format("{:>10}\n", duration_text(static_cast<double>(latencies.max_ns())));
}

void add_all_latencies(std::string& out, const Plan& plan, const Tally& tally) {
  out += fmt::format("  {:<10}{:>12}{:>10}", "latency", "count", "mean");
  for (const auto& [name, quantile] : kReportedQuantiles) out += fmt::format("{:>10}", name);
  out += fmt::format("{:>10}\n", "max");
  for (const RequestKind kind : plan.kinds()) {
    const Histogram* const latencies = tally.latencies_of(kind);
    if (latencies != nullptr) add_latencies(out, name_of(kind), *latencies);
  }
  if (tally.has_several_kinds()) add_latencies(out, "all", tally.latencies());
}

void add_errors(std::string& out, const Tally& tally) {
  std::string failures;
  for (std::size_t i = 0; i < kFailures; ++i) {
    const auto failure = static_cast<Failure>(i);
    if (tally.failures(failure) == 0) continue;
    failures += fmt::format("  {} {}", name_of(failure), count_text(tally.failures(failure)));
  }
  std::string statuses;
  for (std::size_t status = 0; status < Tally::kStatuses; ++status) {
    if (tally.status_count(status) == 0) continue;
    statuses += fmt::format("  {}: {}", status, count_text(tally.status_count(status)));
  }
  out += fmt::format("  errors    {:>12}{}\n", count_text(tally.errors()), failures);
  if (!statuses.empty()) out += fmt::format("  statuses  {}\n", statuses);
  if (tally.connect_error() != 0) {
    out += fmt::format("  the last connection that failed: {}\n", std::strerror(tally.connect_error()));
  }
  if (!tally.refusal().empty()) out += fmt::format("  an answer was refused: {}\n", tally.refusal());
}

void add_held(std::string& out, const Plan& plan, const Tally& tally) {
  const HeldConnections& held = tally.held();
  out +=
      fmt::format("  connections {} asked for, {} opened, {} still open after {}, {} ended by the server\n",
                  count_text(plan.connections), count_text(held.opened), count_text(held.open_at_end),
                  duration_text(tally.seconds() * 1e9), count_text(held.lost));
  if (held.lost > 0) {
    out += fmt::format("  the first that the server ended was held for {}\n",
                       duration_text(static_cast<double>(held.shortest_lost_ns)));
  }
}

}  // namespace

double busiest_thread(const Tally& tally) noexcept {
  if (tally.cpu_ns().empty() || tally.seconds() <= 0) return 0;
  const std::int64_t most_ns = *std::max_element(tally.cpu_ns().begin(), tally.cpu_ns().end());
  return static_cast<double>(most_ns) / static_cast<double>(kNsPerSecond) / tally.seconds();
}

std::string headline(const Plan& plan, const Tally& tally) {
  const std::string what =
      plan.scenario == Scenario::kUrl ? plan.method : std::string(name_of(plan.scenario));
  std::string text = fmt::format("{} on http://{}{}, {} connections", what, plan.target.authority,
                                 plan.target.path_and_query, count_text(plan.connections));
  if (plan.threads > 1) text += fmt::format(" by {} threads", plan.threads);
  if (plan.pipeline > 1) text += fmt::format(", {} requests under way on each", plan.pipeline);
  if (plan.is_open_loop()) {
    text += fmt::format(", open loop at {:.10g}/s", plan.rate);
  } else if (plan.scenario == Scenario::kSlow) {
    text += fmt::format(", a byte every {}", duration_text(static_cast<double>(plan.byte_interval_ns)));
  } else if (plan.scenario != Scenario::kIdle) {
    text += ", closed loop";
  }
  return text + fmt::format(", {}", duration_text(tally.seconds() * 1e9));
}

std::string table_report(const Plan& plan, const Tally& tally) {
  std::string out = headline(plan, tally) + "\n";
  if (plan.scenario == Scenario::kIdle) {
    add_held(out, plan, tally);
  } else {
    out += fmt::format("  requests  {:>12}  {}/s\n", count_text(tally.requests()),
                       count_text(static_cast<std::uint64_t>(std::llround(tally.answers_per_second()))));
  }
  add_errors(out, tally);
  add_all_latencies(out, plan, tally);
  const double busy = busiest_thread(tally);
  if (busy >= kBusyShare) {
    out += fmt::format(
        "  a thread of latchkey-bench was busy for {:.0f} % of the time: it may be what limits; "
        "give it more --threads and CPUs\n",
        busy * 100);
  }
  return out;
}

}  // namespace latchkey::load
