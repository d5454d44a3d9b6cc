// ProgressLine: shows how the run goes, on one line of the terminal that it overwrites.
// Thread: the main thread.
#pragma once

#include <cstdint>
#include <vector>

#include "load/plan.h"
#include "load/tally.h"

namespace latchkey::load {

class ProgressLine {
 public:
  /// Writes nothing unless `shown`.
  /// Lifetime: `figures` must outlive it.
  ProgressLine(const Plan& plan, std::vector<const LiveFigures*> figures, bool shown)
      : plan_(plan), figures_(std::move(figures)), is_shown_(shown) {}
  /// Clears the terminal's line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void begins(std::int64_t begin_ns) noexcept { begin_ns_ = begin_ns; }

  /// Writes the line again if enough time has passed since the last time.
  void show(std::int64_t now_ns);

 private:
  struct Totals {
    std::uint64_t answers = 0;
    std::uint64_t errors = 0;
    std::uint64_t connected = 0;
    std::int64_t latency_sum_ns = 0;
  };
  Totals totals() const noexcept;

  const Plan& plan_;
  const std::vector<const LiveFigures*> figures_;
  const bool is_shown_;
  std::int64_t begin_ns_ = 0;
  std::int64_t last_ns_ = 0;
  Totals last_;
};

}  // namespace latchkey::load
