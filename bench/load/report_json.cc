#include <fmt/format.h>

#include <string>

#include "latchkey/base/json_text.h"
#include "load/report.h"

namespace latchkey::load {

namespace {

double microseconds(double ns) noexcept { return ns / static_cast<double>(kNsAMicrosecond); }

double seconds(std::int64_t ns) noexcept { return static_cast<double>(ns) / static_cast<double>(kNsASecond); }

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string latencies_json(const Histogram& latencies) {
  std::string out =
      fmt::format(R"({{"count":{},"mean":{:.3f})", latencies.count(), microseconds(latencies.mean_ns()));
  for (const auto& [name, quantile] : kReportedQuantiles) {
    out += fmt::format(R"(,"{}":{:.3f})", name,
                       microseconds(static_cast<double>(latencies.quantile_ns(quantile))));
  }
  return out + fmt::format(R"(,"max":{:.3f}}})", microseconds(static_cast<double>(latencies.max_ns())));
}

std::string errors_json(const Tally& tally) {
  std::string out = fmt::format(R"({{"total":{})", tally.errors());
  for (std::size_t i = 0; i < kFailures; ++i) {
    const auto failure = static_cast<Failure>(i);
    out += fmt::format(R"(,"{}":{})", name_of(failure), tally.failures(failure));
  }
  return out + "}";
}

std::string statuses_json(const Tally& tally) {
  std::string out;
  for (std::size_t status = 0; status < Tally::kStatuses; ++status) {
    if (tally.status_count(status) == 0) continue;
    out += fmt::format(R"({}"{}":{})", out.empty() ? "" : ",", status, tally.status_count(status));
  }
  return "{" + out + "}";
}

std::string by_kind_json(const Plan& plan, const Tally& tally) {
  std::string out;
  for (const RequestKind kind : plan.kinds()) {
    const Histogram* const latencies = tally.latencies_of(kind);
    if (latencies == nullptr) continue;
    out += fmt::format(R"({}"{}":{})", out.empty() ? "" : ",", name_of(kind), latencies_json(*latencies));
  }
  return "{" + out + "}";
}

std::string stretches_json(const Tally& tally) {
  std::string out;
  for (const Stretch& stretch : tally.stretches()) {
    out += fmt::format(R"({}{{"answers":{},"errors":{},"max_latency_us":{:.3f}}})", out.empty() ? "" : ",",
                       stretch.answers, stretch.errors,
                       microseconds(static_cast<double>(stretch.max_latency_ns)));
  }
  return "[" + out + "]";
}

std::string cpu_json(const Tally& tally) {
  std::string out;
  for (const std::int64_t ns : tally.cpu_ns()) {
    out += fmt::format("{}{:.4f}", out.empty() ? "" : ",",
                       tally.seconds() > 0 ? seconds(ns) / tally.seconds() : 0.0);
  }
  return "[" + out + "]";
}

std::string plan_json(const Plan& plan) {
  return fmt::format(
      R"({{"scenario":"{}","url":{},"connections":{},"threads":{},"pipeline":{},"rate":{:.10g},)"
      R"("warmup_s":{},"duration_s":{},"timeout_s":{}}})",
      name_of(plan.scenario), quoted("http://" + plan.target.authority + plan.target.path_and_query),
      plan.connections, plan.threads, plan.pipeline, plan.rate, seconds(plan.warmup_ns),
      seconds(plan.duration_ns), seconds(plan.timeout_ns));
}

}  // namespace

std::string json_report(const Plan& plan, const Tally& tally) {
  const HeldConnections& held = tally.held();
  return fmt::format(
      R"({{"plan":{},"measured_s":{},"requests":{},"answers":{},"requests_per_second":{:.3f},"errors":{},)"
      R"("statuses":{},"latency_us":{},"latency_us_by_kind":{},)"
      R"("connections":{{"opened":{},"open_at_end":{},"ended_by_server":{},"shortest_held_s":{}}},)"
      R"("thread_cpu_share":{},"stretch_s":{},"stretches":{}}})"
      "\n",
      plan_json(plan), tally.seconds(), tally.requests(), tally.answers(), tally.answers_a_second(),
      errors_json(tally), statuses_json(tally), latencies_json(tally.latencies()), by_kind_json(plan, tally),
      held.opened, held.open_at_end, held.lost, seconds(held.shortest_lost_ns), cpu_json(tally),
      seconds(tally.stretch_ns()), stretches_json(tally));
}

}  // namespace latchkey::load
