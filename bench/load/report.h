// The reports of a run: a table for the terminal, JSON for programs, a page for people. Pure functions.
// Thread: any.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "load/plan.h"
#include "load/tally.h"

namespace latchkey::load {

/// The quantiles that every report has, and their names.
inline constexpr std::array<std::pair<std::string_view, double>, 4> kReportedQuantiles = {
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}}};

/// From this share of a CPU on, the load tester's own threads may limit the run.
inline constexpr double kBusyShare = 0.95;

/// The share of a CPU (0 to 1) that the load tester's busiest thread used in the measured time.
double busiest_thread(const Tally& tally) noexcept;

/// `check on http://127.0.0.1:8080/, 64 connections, closed loop, 10.0 s`.
std::string headline(const Plan& plan, const Tally& tally);

/// Lines of text, each with its line end.
std::string table_report(const Plan& plan, const Tally& tally);

/// One object and a line end. The names of latencies and times contain their unit, microseconds or seconds.
std::string json_report(const Plan& plan, const Tally& tally);

/// A complete page without script, and without anything loaded from elsewhere.
std::string html_report(const Plan& plan, const Tally& tally);

}  // namespace latchkey::load
