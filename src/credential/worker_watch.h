// WorkerWatch: tells whether a hash worker starves. A worker starves if it has work and, within
// kPatienceSteps refusal steps (each about two hashes), has finished no job and had less than its least share
// of a CPU. A standby then relieves it of one job per kAgainSteps. Where checks fill the cores, that leaves
// logins some sixth of them. A worker that is merely slow is not relieved, because its standby would make
// checks wait although the cores have time for them. Starvation is judged by what the worker does, not by the
// age of a job. In a storm every job waits long, and relieving workers for that would give the storm the
// cores. A HashClient owns one for each worker and gives it the times.
// Thread: its client's.
#pragma once

#include <chrono>
#include <cstdint>

#include "latchkey/base/clock.h"

namespace latchkey::credential {

class WorkerWatch {
 public:
  static constexpr std::int64_t kPatienceSteps = 4;
  static constexpr std::int64_t kAgainSteps = 1;
  static constexpr int kLeastShare = 20;  ///< one part in this many

  /// Called when an idle worker gets a job. Its thread has had `cpu_time` so far. It does not starve yet.
  void begin(BootTime now, std::chrono::nanoseconds cpu_time) noexcept {
    starves_ = false;
    looked_ = now;
    cpu_time_ = cpu_time;
  }

  /// Whether patience is exhausted, so that `look` can tell.
  bool is_due(BootTime now, std::int64_t step_ms) const noexcept {
    return now - looked_ >= std::chrono::milliseconds(kPatienceSteps * step_ms);
  }

  /// Judges the time since the last look. `last_done_ms` is when the worker last finished a job (boot time).
  void look(BootTime now, std::chrono::nanoseconds cpu_time, std::int64_t last_done_ms) noexcept {
    const std::chrono::milliseconds passed = now - looked_;
    starves_ = cpu_time - cpu_time_ < passed / kLeastShare && last_done_ms <= looked_.ms;
    looked_ = now;
    cpu_time_ = cpu_time;
  }

  /// Whether a standby should do one of the worker's jobs now. `last_relief_ms` is when one last did (boot
  /// time).
  bool wants_relief(BootTime now, std::int64_t step_ms, std::int64_t last_relief_ms) const noexcept {
    return starves_ && now - BootTime{last_relief_ms} >= std::chrono::milliseconds(kAgainSteps * step_ms);
  }

 private:
  bool starves_ = false;                  ///< as of the last look
  BootTime looked_;                       ///< when that was, or when the worker got its first job
  std::chrono::nanoseconds cpu_time_{0};  ///< of the worker, at that time
};

}  // namespace latchkey::credential
