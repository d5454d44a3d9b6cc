// Disk: SQLite's files in memory, with the faults of a real disk. What was synced stays. When the power
// fails, what was only written is kept, lost or torn. The disk can be full, an fsync can fail, and it can
// stop in the middle of a commit. It is registered with SQLite from construction to destruction; only one may
// exist at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "dice.h"

namespace latchkey::sim {

class Disk {
 public:
  explicit Disk(Dice& dice);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  /// For DatabaseOptions::vfs.
  static const char* name() noexcept;

  /// Refuses every write until set to false.
  void set_full(bool full) noexcept;
  /// Fails the next fsync.
  void fail_next_sync() noexcept;
  /// After this many more writes and syncs, nothing reaches the disk any more and all of them fail.
  void stop_after(std::uint64_t operations) noexcept;
  bool has_stopped() const noexcept;
  /// How many writes and syncs were refused so far.
  std::uint64_t refusals() const noexcept;

  /// The process has ended. All that it wrote is there; what only its memory held of the log's index is lost.
  void end_process() noexcept;
  /// The power has failed too. Each part written since the last sync is kept, lost or torn.
  void lose_power();
  /// Makes the disk work again, for the next process.
  void restart() noexcept;
};

}  // namespace latchkey::sim
