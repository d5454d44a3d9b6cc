// WorkerWatch: does a hash worker starve? One that has work and in kPatienceSteps refusal steps (each about
// two hashes) has done no job and had less than its least share of a CPU does. It is then relieved of a job
// every kAgainSteps: where checks fill the cores, that leaves logins some sixth of them. One that is only
// slow is not relieved, because its standby would have checks wait that the cores have the time for. What the
// worker does tells that it starves, not the age of a job: in a storm every job waits long, and to relieve
// workers for that would give the storm the cores. Owned by a HashClient, one for each worker, which gives it
// the times. Thread: its client's.
#pragma once

#include <chrono>
#include <cstdint>

#include "latchkey/base/clock.h"

namespace latchkey::credential {

class WorkerWatch {
 public:
  static constexpr std::int64_t kPatienceSteps = 4;
  static constexpr std::int64_t kAgainSteps = 1;
  static constexpr int kLeastShare = 20;  ///< one part in so many

  /// A worker without a job has got one; up to now its thread has had `cpu_time`. It does not starve.
  void begin(BootTime now, std::chrono::nanoseconds cpu_time) noexcept {
    starves_ = false;
    looked_ms_ = now.ms;
    cpu_time_ = cpu_time;
  }

  /// Whether patience is at its end, so that `look` can tell.
  bool is_due(BootTime now, std::int64_t step_ms) const noexcept {
    return now.ms - looked_ms_ >= kPatienceSteps * step_ms;
  }

  /// Judges the time since the last look. `last_done_ms`: when the worker last did a job (boot time).
  void look(BootTime now, std::chrono::nanoseconds cpu_time, std::int64_t last_done_ms) noexcept {
    const std::chrono::milliseconds passed(now.ms - looked_ms_);
    starves_ = cpu_time - cpu_time_ < passed / kLeastShare && last_done_ms <= looked_ms_;
    looked_ms_ = now.ms;
    cpu_time_ = cpu_time;
  }

  /// Whether a standby is to do one of the worker's jobs now. `last_relief_ms`: when one last did (boot
  /// time).
  bool wants_relief(BootTime now, std::int64_t step_ms, std::int64_t last_relief_ms) const noexcept {
    return starves_ && now.ms - last_relief_ms >= kAgainSteps * step_ms;
  }

 private:
  bool starves_ = false;                  ///< as it was last looked at
  std::int64_t looked_ms_ = 0;            ///< when that was, or when it got its first job
  std::chrono::nanoseconds cpu_time_{0};  ///< of the worker, then
};

}  // namespace latchkey::credential
