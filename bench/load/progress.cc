#include "load/progress.h"

#include <fmt/format.h>

#include <cstdio>

namespace latchkey::load {

namespace {

constexpr std::int64_t kIntervalNs = 500 * kNsPerMillisecond;
// Returns to the beginning of the line and clears it (ECMA-48, EL).
constexpr std::string_view kClearLine = "\r\x1b[K";

std::string phase_text(const Plan& plan, std::int64_t begin_ns, std::int64_t now_ns) {
  if (begin_ns == 0) return "connecting";
  const std::int64_t measured_ns = now_ns - begin_ns - plan.warmup_ns;
  if (measured_ns < 0) return "warm-up";
  if (measured_ns > plan.duration_ns) return "waiting for the last answers";
  return fmt::format("{:.1f} s of {}", static_cast<double>(measured_ns) / static_cast<double>(kNsPerSecond),
                     duration_text(static_cast<double>(plan.duration_ns)));
}

}  // namespace

ProgressLine::~ProgressLine() {
  if (is_shown_) fmt::print(stderr, "{}", kClearLine);
}

ProgressLine::Totals ProgressLine::totals() const noexcept {
  Totals totals;
  for (const LiveFigures* const figures : figures_) {
    totals.answers += figures->answers.load(std::memory_order_relaxed);
    totals.errors += figures->errors.load(std::memory_order_relaxed);
    totals.connected += figures->connected.load(std::memory_order_relaxed);
    totals.latency_sum_ns += figures->latency_sum_ns.load(std::memory_order_relaxed);
  }
  return totals;
}

void ProgressLine::show(std::int64_t now_ns) {
  if (!is_shown_ || now_ns - last_ns_ < kIntervalNs) return;
  const Totals now = totals();
  const std::uint64_t answers = now.answers - last_.answers;
  const auto seconds = static_cast<double>(now_ns - last_ns_) / static_cast<double>(kNsPerSecond);
  const double mean_ns = answers == 0 ? 0
                                      : static_cast<double>(now.latency_sum_ns - last_.latency_sum_ns) /
                                            static_cast<double>(answers);
  std::string line = fmt::format("{}{}: {} connected", kClearLine, phase_text(plan_, begin_ns_, now_ns),
                                 count_text(now.connected));
  if (plan_.scenario != Scenario::kIdle) {
    line += fmt::format(", {} requests/s, mean {}",
                        count_text(static_cast<std::uint64_t>(static_cast<double>(answers) / seconds)),
                        answers == 0 ? "-" : duration_text(mean_ns));
  }
  line += fmt::format(", {} errors", count_text(now.errors));
  fmt::print(stderr, "{}", line);
  std::fflush(stderr);
  last_ns_ = now_ns;
  last_ = now;
}

}  // namespace latchkey::load
