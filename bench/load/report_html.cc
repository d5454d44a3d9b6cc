#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "load/chart.h"
#include "load/report.h"

namespace latchkey::load {

namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>latchkey-bench</title>
<style>
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #d9dce1; --paper: #fff;
        --c0: #0b6bcb; --c1: #c2410c; --c2: #15803d; --c3: #7c3aed; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #edeef0; --soft: #a0a4ab; --line: #3a3f45; --paper: #15171a;
          --c0: #62b0ff; --c1: #ff9a5c; --c2: #5fd38a; --c3: #b79bff; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } .wide { overflow-x: auto; }
th, td { text-align: right; padding: .3rem .8rem; border-bottom: 1px solid var(--line);
         font-variant-numeric: tabular-nums; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--line); } .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
.note { color: var(--soft); }
</style>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

void add_row(std::string& out, std::string_view name, const Histogram& latencies) {
  out += fmt::format("<tr><td>{}<td>{}<td>{}", name, count_text(latencies.count()),
                     duration_text(latencies.mean_ns()));
  for (const auto& [quantile_name, quantile] : kReportedQuantiles) {
    out += fmt::format("<td>{}", duration_text(static_cast<double>(latencies.quantile_ns(quantile))));
  }
  out += fmt::format("<td>{}\n", duration_text(static_cast<double>(latencies.max_ns())));
}

void add_table(std::string& out, const Plan& plan, const Tally& tally) {
  out += "<div class=\"wide\"><table><tr><th>latency<th>count<th>mean";
  for (const auto& [name, quantile] : kReportedQuantiles) out += fmt::format("<th>{}", name);
  out += "<th>max\n";
  for (const RequestKind kind : plan.kinds()) {
    if (const Histogram* const latencies = tally.latencies_of(kind)) add_row(out, name_of(kind), *latencies);
  }
  if (tally.has_several_kinds()) add_row(out, "all", tally.latencies());
  out += "</table></div>\n";
}

// Each further nine takes as much width as the one before: what happens to one request in ten thousand is as
// visible as what happens to one in ten.
Axis nines_axis(std::uint64_t count) {
  Axis axis;
  axis.name = "share of the requests that are no slower";
  axis.to = std::max(1.0, std::log10(static_cast<double>(count)));
  axis.ticks = {{0, "0 %"},     {std::log10(2.0), "50 %"}, {1, "90 %"},     {2, "99 %"}, {3, "99.9 %"},
                {4, "99.99 %"}, {5, "99.999 %"},           {6, "99.9999 %"}};
  return axis;
}

Axis decades_axis(double lowest_ns, double highest_ns) {
  Axis axis;
  axis.name = "latency";
  axis.from = std::floor(std::log10(std::max(lowest_ns, 1.0)));
  axis.to = std::max(axis.from + 1, std::ceil(std::log10(std::max(highest_ns, 1.0))));
  for (double decade = axis.from; decade <= axis.to; ++decade) {
    axis.ticks.push_back({decade, duration_text(std::pow(10, decade))});
  }
  return axis;
}

Curve distribution_curve(std::string_view name, const Histogram& latencies) {
  constexpr int kPoints = 400;
  const double nines = std::log10(static_cast<double>(latencies.count()));
  Curve curve{std::string(name), {}};
  for (int i = 0; i <= kPoints; ++i) {
    const double at = std::max(nines, 1.0) * i / kPoints;
    const auto ns = static_cast<double>(latencies.quantile_ns(1 - std::pow(10, -at)));
    curve.points.emplace_back(at, std::log10(std::max(ns, 1.0)));
    if (at > nines) break;
  }
  return curve;
}

void add_distribution(std::string& out, const Plan& plan, const Tally& tally) {
  if (tally.latencies().count() == 0) return;
  std::vector<Curve> curves;
  double lowest_ns = static_cast<double>(tally.latencies().max_ns());
  for (const RequestKind kind : plan.kinds()) {
    const Histogram* const latencies = tally.latencies_of(kind);
    if (latencies == nullptr) continue;
    lowest_ns = std::min(lowest_ns, static_cast<double>(latencies->quantile_ns(0)));
    curves.push_back(distribution_curve(name_of(kind), *latencies));
  }
  out += "<h2>Latency</h2>\n";
  out += line_chart("How long requests took, by the share that is no slower",
                    nines_axis(tally.latencies().count()),
                    decades_axis(lowest_ns, static_cast<double>(tally.latencies().max_ns())), curves);
}

void add_throughput(std::string& out, const Tally& tally) {
  const double stretch_s = static_cast<double>(tally.stretch_ns()) / static_cast<double>(kNsPerSecond);
  Curve answers{"answers", {}};
  Curve errors{"errors", {}};
  double highest = 0;
  double from_s = 0;
  for (const Stretch& stretch : tally.stretches()) {
    // The last stretch may be cut short.
    const double length_s = std::min(stretch_s, tally.seconds() - from_s);
    if (length_s <= 0) break;
    const double rate = static_cast<double>(stretch.answers) / length_s;
    const double error_rate = static_cast<double>(stretch.errors) / length_s;
    highest = std::max({highest, rate, error_rate});
    answers.points.emplace_back(from_s + length_s / 2, rate);
    errors.points.emplace_back(from_s + length_s / 2, error_rate);
    from_s += stretch_s;
  }
  const auto seconds_label = [](double value) { return fmt::format("{:.4g}", value); };
  const auto rate_label = [](double value) {
    return count_text(static_cast<std::uint64_t>(std::llround(value)));
  };
  Axis time = linear_axis("seconds", tally.seconds(), seconds_label);
  if (tally.seconds() > 0) time.to = tally.seconds();
  out += "<h2>Throughput</h2>\n";
  out += line_chart("Answers and errors a second over the run", time,
                    linear_axis("a second", highest, rate_label), {answers, errors});
}

void add_notes(std::string& out, const Tally& tally) {
  out += "<p>Statuses:";
  for (std::size_t status = 0; status < Tally::kStatuses; ++status) {
    if (tally.status_count(status) > 0)
      out += fmt::format(" {}: {};", status, count_text(tally.status_count(status)));
  }
  out += fmt::format(" errors: {}", count_text(tally.errors()));
  for (std::size_t i = 0; i < kFailures; ++i) {
    const auto failure = static_cast<Failure>(i);
    if (tally.failures(failure) > 0)
      out += fmt::format("; {}: {}", name_of(failure), count_text(tally.failures(failure)));
  }
  out += fmt::format(
      ".</p>\n<p class=\"note\">The busiest thread of latchkey-bench used {:.0f} % of a CPU. In the "
      "open loop latency counts from when a request was due. A request without an answer counts with "
      "the time that was waited for it.</p>\n",
      busiest_thread(tally) * 100);
}

}  // namespace

std::string html_report(const Plan& plan, const Tally& tally) {
  std::string out(kHead);
  out += fmt::format("<h1>latchkey-bench</h1>\n<p>{}</p>\n", escaped(headline(plan, tally)));
  if (plan.scenario == Scenario::kIdle) {
    const HeldConnections& held = tally.held();
    out += fmt::format(
        "<p><strong>{}</strong> connections opened, {} open at the end, {} ended by the server.</p>\n",
        count_text(held.opened), count_text(held.open_at_end), count_text(held.lost));
  } else {
    out += fmt::format("<p><strong>{}</strong> requests, <strong>{}</strong> answers per second.</p>\n",
                       count_text(tally.requests()),
                       count_text(static_cast<std::uint64_t>(std::llround(tally.answers_per_second()))));
  }
  add_table(out, plan, tally);
  add_distribution(out, plan, tally);
  if (plan.scenario != Scenario::kIdle) add_throughput(out, tally);
  add_notes(out, tally);
  return out + "</html>\n";
}

}  // namespace latchkey::load
