#include <fmt/format.h>

#include <string>

#include "latchkey/base/json_writer.h"
#include "load/report.h"

namespace latchkey::load {

namespace {

double microseconds(double ns) noexcept { return ns / static_cast<double>(kNsPerMicrosecond); }

double seconds(std::int64_t ns) noexcept {
  return static_cast<double>(ns) / static_cast<double>(kNsPerSecond);
}

std::string fixed(double value, int decimals) { return fmt::format("{:.{}f}", value, decimals); }

void write_latencies(JsonWriter& json, std::string_view name, const Histogram& latencies) {
  const auto write = [&json](std::string_view what, double ns) {
    json.raw_member(what, fixed(microseconds(ns), 3));
  };
  json.begin_object(name);
  json.member("count", latencies.count());
  write("mean", latencies.mean_ns());
  for (const auto& [what, quantile] : kReportedQuantiles)
    write(what, static_cast<double>(latencies.quantile_ns(quantile)));
  write("max", static_cast<double>(latencies.max_ns()));
  json.end();
}

void write_errors(JsonWriter& json, const Tally& tally) {
  json.begin_object("errors");
  json.member("total", tally.errors());
  for (std::size_t i = 0; i < kFailures; ++i) {
    const auto failure = static_cast<Failure>(i);
    json.member(name_of(failure), tally.failures(failure));
  }
  json.end();
}

void write_statuses(JsonWriter& json, const Tally& tally) {
  json.begin_object("statuses");
  for (std::size_t status = 0; status < Tally::kStatuses; ++status) {
    if (tally.status_count(status) > 0) json.member(fmt::to_string(status), tally.status_count(status));
  }
  json.end();
}

void write_latencies_by_kind(JsonWriter& json, const Plan& plan, const Tally& tally) {
  json.begin_object("latency_us_by_kind");
  for (const RequestKind kind : plan.kinds()) {
    const Histogram* const latencies = tally.latencies_of(kind);
    if (latencies != nullptr) write_latencies(json, name_of(kind), *latencies);
  }
  json.end();
}

void write_connections(JsonWriter& json, const HeldConnections& held) {
  json.begin_object("connections");
  json.member("opened", held.opened);
  json.member("open_at_end", held.open_at_end);
  json.member("ended_by_server", held.lost);
  json.raw_member("shortest_held_s", fmt::to_string(seconds(held.shortest_lost_ns)));
  json.end();
}

void write_cpu(JsonWriter& json, const Tally& tally) {
  json.begin_array("thread_cpu_share");
  for (const std::int64_t ns : tally.cpu_ns())
    json.raw_element(fixed(tally.seconds() > 0 ? seconds(ns) / tally.seconds() : 0.0, 4));
  json.end();
}

void write_stretches(JsonWriter& json, const Tally& tally) {
  json.begin_array("stretches");
  for (const Stretch& stretch : tally.stretches()) {
    json.begin_object();
    json.member("answers", stretch.answers);
    json.member("errors", stretch.errors);
    json.raw_member("max_latency_us", fixed(microseconds(static_cast<double>(stretch.max_latency_ns)), 3));
    json.end();
  }
  json.end();
}

void write_plan(JsonWriter& json, const Plan& plan) {
  json.begin_object("plan");
  json.member("scenario", name_of(plan.scenario));
  json.member("url", "http://" + plan.target.authority + plan.target.path_and_query);
  json.member("connections", plan.connections);
  json.member("threads", plan.threads);
  json.member("pipeline", plan.pipeline);
  json.raw_member("rate", fmt::format("{:.10g}", plan.rate));
  json.raw_member("warmup_s", fmt::to_string(seconds(plan.warmup_ns)));
  json.raw_member("duration_s", fmt::to_string(seconds(plan.duration_ns)));
  json.raw_member("timeout_s", fmt::to_string(seconds(plan.timeout_ns)));
  json.end();
}

}  // namespace

std::string json_report(const Plan& plan, const Tally& tally) {
  JsonWriter json;
  json.begin_object();
  write_plan(json, plan);
  json.raw_member("measured_s", fmt::to_string(tally.seconds()));
  json.member("requests", tally.requests());
  json.member("answers", tally.answers());
  json.raw_member("requests_per_second", fixed(tally.answers_per_second(), 3));
  write_errors(json, tally);
  write_statuses(json, tally);
  write_latencies(json, "latency_us", tally.latencies());
  write_latencies_by_kind(json, plan, tally);
  write_connections(json, tally.held());
  write_cpu(json, tally);
  json.raw_member("stretch_s", fmt::to_string(seconds(tally.stretch_ns())));
  write_stretches(json, tally);
  json.end();
  return json.take() + "\n";
}

}  // namespace latchkey::load
