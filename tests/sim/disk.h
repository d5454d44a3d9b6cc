// Disk: SQLite's files in memory, with what a real disk does to them. What was synced stays; what was only
// written is kept, lost or torn when the power fails. It can be full, an fsync can fail, and it can stop in
// the middle of a commit. Registered with SQLite from construction to destruction; one object at a time.
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

  /// Refuses every write until told otherwise.
  void set_full(bool full) noexcept;
  /// Fails the next fsync.
  void fail_next_sync() noexcept;
  /// After so many more writes and syncs nothing reaches the disk any more, and all of them fail.
  void stop_after(std::uint64_t operations) noexcept;
  bool has_stopped() const noexcept;
  /// Writes and syncs that were refused so far.
  std::uint64_t refusals() const noexcept;

  /// The process is gone: what it had written is all there, what only it knew of the log's index is not.
  void end_process() noexcept;
  /// And the power failed too: of what was written since the last sync each part is there, or not, or torn.
  void lose_power();
  /// Works again, for another process.
  void restart() noexcept;
};

}  // namespace latchkey::sim
